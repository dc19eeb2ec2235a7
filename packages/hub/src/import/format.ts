/** `stoa-import/1`: JSON lines, a header, then rows in any order. All text is bounded; amounts are text, never floats. */

import { z } from 'zod';
import { emailAddress } from '../console/form.tsx';
import { TIERS } from '../viewer.ts';

export const IMPORT_FORMAT = 'stoa-import/1';

/** One line: keys of rows are joined by line ends. */
const LINE = /^[^\p{Cc}]+$/u;
const name = z.string().max(64).regex(LINE, 'text of one line');
const label = z
  .string()
  .regex(LINE, 'text of one line')
  .refine((text) => Buffer.byteLength(text) <= 64, 'at most 64 bytes');
const email = emailAddress();
const note = z
  .string()
  .trim()
  .min(1)
  .max(2_000)
  .refine((text) => !text.includes('\0'), 'text without NUL');
const base64 = z.base64().min(1).max(16_384);
const count = z.int().nonnegative();
/** 26 digits before the point would fill `numeric(38,0)` of 1e-12; 20 leave room for sums. */
const points = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,19})(?:\.\d{1,12})?$/, 'points as text with at most 12 decimals, like "12.5"');
const instant = z.iso
  .datetime()
  .refine((text) => /^20\d\d-/.test(text), 'an instant of this century')
  .transform((text) => new Date(text).toISOString());
const leaf = z.union([z.number(), z.string().max(1000), z.boolean(), z.null()]);

export const headerSchema = z.strictObject({
  format: z.literal(IMPORT_FORMAT),
  region: name,
  exportedAt: instant,
  sums: z.strictObject({
    accounts: count,
    nodes: count,
    sshKeys: count,
    benchmarks: count,
    /** Of all pending, current and redeemed, in 1e-12 points. */
    balances: z.string().regex(/^(?:0|[1-9]\d{0,59})$/, 'a whole number of 1e-12 points, as text'),
    /** SHA-256 of all bytes after the header's line: then no change at all goes unseen. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, '64 hex digits')
      .optional(),
  }),
});
export type ImportHeader = z.infer<typeof headerSchema>;

export const rowSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('account'), email, tier: z.enum(TIERS) }),
  z.strictObject({
    kind: z.literal('node'),
    owner: email,
    label,
    nodeId: z
      .string()
      .regex(/^[0-9a-f]{64}$/, '64 hex digits')
      .optional(),
    region: name,
    role: name.default('miner'),
    hwType: name.default('unknown'),
    tags: z.array(name).max(100).default([]),
    hosts: z.array(z.string().min(1).max(253)).max(32).default([]),
    notes: z.array(note).max(20).default([]),
  }),
  z.strictObject({
    kind: z.literal('ssh-key'),
    owner: email,
    nodeLabel: label,
    publicKey: z
      .string()
      .refine((text) => Buffer.byteLength(text) <= 2000, 'at most 2000 bytes')
      .regex(/^ssh-[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: [^\p{Cc}]*)?$/u, 'a line of authorized_keys'),
    sealed: base64,
  }),
  z.strictObject({
    kind: z.literal('benchmark'),
    owner: email,
    nodeLabel: label,
    at: instant,
    breakdown: z.record(name, z.union([leaf, z.record(name, leaf)])),
    score: z.string().regex(/^(?:0|[1-9]\d{0,5})\.\d{6}$/, 'text with exactly 6 decimals, like "1.250000"'),
  }),
  z.strictObject({ kind: z.literal('balance'), email, pending: points, current: points, redeemed: points }),
]);
export type ImportRow = z.infer<typeof rowSchema>;

/** Points in units of 1e-12. */
export function pointUnits(text: string): bigint {
  const [whole = '0', decimals = ''] = text.split('.');
  return BigInt(whole + decimals.padEnd(12, '0'));
}
