import { z } from '@hono/zod-openapi';
import { isSshKind, SSH_KINDS, type SshKindName } from '#bootstrap/index.ts';

type NodeKind = Exclude<SshKindName, 'bootstrap'>;
const nodeKinds = Object.keys(SSH_KINDS).filter(
  (kind): kind is NodeKind => isSshKind(kind) && kind !== 'bootstrap',
);

const instant = z.iso.datetime().openapi({ example: '2026-11-25T18:40:12.000Z' });
const line = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^\P{Cc}*$/u, 'no control characters');
const fingerprint = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}$/)
  .openapi({ description: 'As ssh-keygen -lf prints it.' });

const place = {
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/)
    .openapi({ description: 'A name or an address.' }),
  port: z.int().min(1).max(65_535).default(22),
  user: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/),
};
/** Sealed in the vault until it was used once; it stands in no log, no audit row and no answer. */
const login = {
  password: z.string().min(1).max(1_000).optional().openapi({ format: 'password', writeOnly: true }),
  privateKey: z.string().min(1).max(8_000).optional().openapi({ format: 'password', writeOnly: true }),
};

export const lookBody = z.strictObject(place).openapi('SshPlace');
export const lookSchema = z
  .strictObject({
    place: z.string(),
    type: z.string(),
    fingerprint: z.string(),
    pinned: z
      .string()
      .nullable()
      .openapi({ description: 'Fingerprint that was accepted before; null for a host that is new here.' }),
  })
  .openapi('SshHostKey');

export const bootstrapBody = z
  .strictObject({
    ...place,
    fingerprint: fingerprint.openapi({
      description: 'Of the key that you accept: a host with another gets no login.',
    }),
    ...login,
    owner: z.email().max(254).toLowerCase().openapi({ description: 'Whose node it becomes.' }),
    label: line(56).default(''),
    tags: z
      .array(z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,31}$/u))
      .max(10)
      .default([]),
  })
  .openapi('SshBootstrap', { description: 'Exactly one of password and privateKey.' });

export const sshWorkBody = z
  .strictObject({
    kind: z.enum(nodeKinds as [NodeKind, ...NodeKind[]]),
    allow: z
      .string()
      .regex(/^(?:\d{1,5}(?:,\d{1,5}){0,31})?$/)
      .optional()
      .openapi({ description: 'TCP ports that stay open, for the firewall kinds: 1789,1848' }),
    password: login.password,
  })
  .openapi('SshWork', { description: 'A one-time password is for key-reseat and sudoers-repair alone.' });
export const sshJobSchema = z
  .strictObject({ job: z.string().openapi({ description: 'Follow it at /api/v1/jobs/{id}.' }) })
  .openapi('SshJob');

export const markBody = z
  .strictObject({
    reason: line(200).min(1),
    until: instant.openapi({ description: '90 days from now at most.' }),
  })
  .openapi('AgentlessMark');
export const sshSchema = z
  .strictObject({
    reach: z
      .strictObject({ host: z.string(), port: z.int(), user: z.string(), hostKey: z.string().nullable() })
      .nullable()
      .openapi({ description: 'How the hub signs in; null where it never did.' }),
    agentless: z
      .strictObject({ reason: z.string(), setBy: z.string(), setAt: instant, until: instant })
      .nullable()
      .openapi({ description: 'The mark, also one that has ended.' }),
  })
  .openapi('NodeSsh');

export const sshKindsSchema = z
  .strictObject({
    kinds: z.array(
      z.strictObject({
        kind: z.string(),
        class: z.enum(['read', 'disruptive', 'code']),
        doc: z.string(),
        undo: z.string(),
        parameters: z.record(z.string(), z.strictObject({ type: z.string(), doc: z.string() })),
      }),
    ),
  })
  .openapi('SshKinds');
