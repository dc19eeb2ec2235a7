/**
 * An export is JSON lines: one manifest, rows in their order, one footer. The footer holds the SHA-256 of all bytes before
 * it and the signature of the hub's instance key over that and the last row's hash, with the certificates that lead from
 * the region's root to that key: whoever knows the root's fingerprint needs nothing else to check it, and no hub.
 */

import { CONTEXT, concat, fromHex, type HubChain } from '@stoa/protocol';
import { z } from 'zod';
import { RETENTIONS } from './chain.ts';

export const EXPORT_FORMAT = 'stoa-audit/1';
export const EXPORT_CONTEXT = CONTEXT.auditExport;

const hash = z.string().regex(/^[0-9a-f]{64}$/, '64 hex digits');
const hex = z.string().regex(/^(?:[0-9a-f]{2}){1,1024}$/, 'hex digits');
const seq = z.int().nonnegative();

export const scopeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('account'), email: z.string() }),
]);

export const manifestSchema = z.strictObject({
  format: z.literal(EXPORT_FORMAT),
  /** `all`: every row of the range, unbroken; `account`: those that the account did or that touch it. */
  scope: scopeSchema,
  /** Numbers of the first and last row; 0 where there is none. */
  from: seq,
  to: seq,
  count: seq,
  hub: z.string(),
  region: z.string(),
  madeAt: z.iso.datetime(),
  by: z.string(),
});
export type Manifest = z.infer<typeof manifestSchema>;

const contentSchema = z.strictObject({
  salt: hex,
  actor: z.string(),
  act: z.string(),
  subject: z.string(),
  owner: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
});

export const rowSchema = z.strictObject({
  seq: z.int().positive(),
  /** Milliseconds since 1970. */
  at: z.int(),
  retention: z.enum(RETENTIONS),
  /** Null once its time was over. */
  content: contentSchema.nullable(),
  contentHash: hash,
  /** Hash of the row before. */
  before: hash,
  hash,
});
export type ExportRow = z.infer<typeof rowSchema>;

export const footerSchema = z.strictObject({
  bodySha256: hash,
  lastHash: hash,
  signature: hex,
  chain: z.strictObject({ root: hash, region: hex, instance: hex }),
});
export type Footer = z.infer<typeof footerSchema>;

export const lineSchema = z.union([
  z.strictObject({ manifest: manifestSchema }),
  z.strictObject({ row: rowSchema }),
  z.strictObject({ footer: footerSchema }),
]);

export type ExportLine = z.infer<typeof lineSchema>;

/** What the signature is over. */
export function signedBytes(bodySha256: Uint8Array, lastHash: Uint8Array): Uint8Array {
  return concat(bodySha256, lastHash);
}

export function chainOf(footer: Footer): HubChain {
  const { root, region, instance } = footer.chain;
  return { root: fromHex(root), region: fromHex(region), instance: fromHex(instance) };
}
