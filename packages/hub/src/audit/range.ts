import type { AuditStore, SeqRange } from './store.ts';

const DAY_MS = 24 * 3_600_000;
const LAST = Number.MAX_SAFE_INTEGER;

/** The rows of a span of days (UTC, both included), by number: an export has no gaps but those of its scope. */
export async function rangeOf(
  store: Pick<AuditStore, 'firstSince'>,
  { since, until }: { since?: string | undefined; until?: string | undefined },
): Promise<SeqRange> {
  const from = since === undefined ? 1 : ((await store.firstSince(Date.parse(since))) ?? LAST);
  const after = until === undefined ? undefined : await store.firstSince(Date.parse(until) + DAY_MS);
  return { from, to: after === undefined ? LAST : after - 1 };
}
