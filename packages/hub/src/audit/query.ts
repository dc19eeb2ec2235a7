import { z } from 'zod';
import type { AuditFilter } from './store.ts';

const DAY_MS = 24 * 3_600_000;

/** What came empty was not asked for. */
function asked(schema: z.ZodType<string>) {
  return z.preprocess((held) => (held === '' ? undefined : held), schema.optional());
}

const words = z
  .string()
  .trim()
  .max(254, 'at most 254 characters')
  .regex(/^\P{Cc}*$/u, 'text without control characters');
const act = z
  .string()
  .trim()
  .max(60, 'at most 60 characters')
  .regex(/^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)?$/, 'an act like node.retire, or a noun like node');
const day = z.iso.date('a day like 2026-11-25');

/** The filters of the log, as they stand in an address. Days are UTC; both are included. */
export const auditQuery = z.strictObject({
  q: asked(words),
  actor: asked(words),
  act: asked(act),
  subject: asked(words),
  owner: asked(words),
  since: asked(day),
  until: asked(day),
  before: asked(z.string().regex(/^[1-9]\d{0,14}$/, 'the number of a row')),
});
export type AuditQuery = z.infer<typeof auditQuery>;

export function filterOf({ q, actor, act: done, subject, owner, since, until }: AuditQuery): AuditFilter {
  return {
    text: q,
    actor,
    act: done,
    subject,
    owner,
    from: since === undefined ? undefined : Date.parse(since),
    until: until === undefined ? undefined : Date.parse(until) + DAY_MS,
  };
}

export const exportQuery = z.strictObject({ since: asked(day), until: asked(day) });
