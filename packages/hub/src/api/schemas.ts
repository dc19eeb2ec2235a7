import { z } from '@hono/zod-openapi';
import { STATES } from '#nodes/index.ts';
import { KEY_SCOPES, TIERS } from '../viewer.ts';

/** What programs send and get: the routes, the document at /openapi.json and the fuzz test are all made from these. */

export const errorSchema = z
  .strictObject({
    code: z.string().openapi({ description: 'Stable: made for programs.' }),
    message: z.string().openapi({ description: 'What failed, with which value.' }),
    fix: z.string().openapi({ description: 'What to do now.' }),
    retry: z.boolean().openapi({ description: 'Whether trying again can help without a person.' }),
    requestId: z.string().openapi({ description: "Finds the request in the hub's log." }),
  })
  .openapi('Error');

const instant = z.iso.datetime().openapi({ example: '2026-11-25T18:40:12.000Z' });
const share = z.number().nullable().openapi({ description: 'A share of 1.' });

export const nodeIdParam = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .openapi({ param: { name: 'id', in: 'path' }, description: 'Node id: 64 hex digits.' }),
});

const summaryShape = {
  id: z.string(),
  label: z.string(),
  owner: z.string(),
  region: z.string(),
  state: z.enum(STATES),
  lag: z.int().nullable().openapi({ description: 'Blocks behind the verified head, on the worst chain.' }),
  lastSeen: instant.nullable(),
  version: z.string().nullable(),
  simulated: z.boolean(),
  cpu: share,
  memory: share,
  disk: share,
  load: z.number().nullable().openapi({ description: 'One-minute load average.' }),
};
export const nodeSchema = z.strictObject(summaryShape).openapi('Node');
export const nodeDetailSchema = z
  .strictObject({
    ...summaryShape,
    tags: z.array(z.string()),
    role: z.string(),
    hardware: z.string(),
    peers: z.int().nullable(),
    rttMs: z.number().nullable(),
    chainweb: z.string(),
    joinedAt: instant,
  })
  .openapi('NodeDetail');

const next = z
  .string()
  .nullable()
  .openapi({ description: 'Give it as `after` for the next page; null at the end.' });
export const nodePageSchema = z.strictObject({ nodes: z.array(nodeSchema), next }).openapi('NodePage');

/** A number in an address, which is text. */
function count(least: number, most: number, fallback: number) {
  return z.coerce.number().int().min(least).max(most).default(fallback);
}

/** No NUL, which the database can't hold. */
function text(most: number) {
  return z
    .string()
    .max(most)
    .regex(/^\P{Cc}*$/u, 'no control characters');
}

export const nodeQuery = z.strictObject({
  q: text(1_000).default('').openapi({
    description: 'A selector, the language of the node list.',
    example: 'state:offline -tag:lab',
  }),
  limit: count(1, 50, 50),
  after: text(400).optional(),
});

const tag = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._:/-]{0,39}$/u, 'one word of at most 40 letters, digits and . _ : / -');
export const tagsBody = z
  .strictObject({ add: z.array(tag).max(8).default([]), remove: z.array(tag).max(8).default([]) })
  .openapi('TagChange');

export const tokenBody = z
  .strictObject({
    label: z
      .string()
      .min(1)
      .max(56)
      .regex(/^\P{Cc}*$/u, 'no control characters')
      .refine((label) => Buffer.byteLength(label) <= 56, 'at most 56 bytes')
      .optional()
      .openapi({ description: 'Of the node; -2, -3, … follow where the token serves several.' }),
    tags: z.array(tag).max(8).default([]),
    uses: z.int().min(1).max(10_000).default(1),
    ttlMinutes: z.int().min(1).max(43_200).default(15),
  })
  .openapi('TokenRequest');
export const madeTokenSchema = z
  .strictObject({ token: z.string().openapi({ description: 'The secret itself: told this once.' }) })
  .openapi('MadeToken');
const tokenSchema = z
  .strictObject({
    id: z.string(),
    owner: z.string(),
    label: z.string().nullable(),
    tags: z.array(z.string()),
    state: z.enum(['open', 'used', 'ended', 'revoked']),
    uses: z.int(),
    usesLeft: z.int(),
    nodes: z.array(z.string()),
    createdAt: instant,
    expiresAt: instant,
  })
  .openapi('Token');
export const tokenPageSchema = z.strictObject({ tokens: z.array(tokenSchema), next }).openapi('TokenPage');
export const tokenQuery = z.strictObject({ after: text(100).optional() });
export const tokenIdParam = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .openapi({ param: { name: 'id', in: 'path' }, description: 'Token id: 32 hex digits.' }),
});

const actSchema = z
  .strictObject({
    seq: z.int(),
    at: instant,
    actor: z.string(),
    act: z.string(),
    subject: z.string(),
    owner: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
    hash: z.string(),
    blanked: z.boolean().openapi({ description: 'Its content was kept for a while only.' }),
  })
  .openapi('Act');
export const auditPageSchema = z.strictObject({ acts: z.array(actSchema), next }).openapi('AuditPage');
export const auditPageQuery = z.strictObject({
  q: text(254).optional().openapi({ description: 'Words of any of it, each by its beginning.' }),
  actor: text(254).optional(),
  act: z
    .string()
    .max(60)
    .regex(/^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)?$/, 'an act like node.retire, or a noun like node')
    .optional(),
  subject: text(254).optional(),
  owner: text(254).optional(),
  since: z.iso.date().optional().openapi({ description: 'A day, UTC, included.' }),
  until: z.iso.date().optional().openapi({ description: 'A day, UTC, included.' }),
  limit: count(1, 200, 50),
  after: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .optional(),
});

export const meSchema = z
  .strictObject({
    email: z.string(),
    tier: z.enum(TIERS),
    scopes: z
      .array(z.enum(KEY_SCOPES))
      .nullable()
      .openapi({ description: 'Of the API key; null for a person.' }),
  })
  .openapi('Me');
