import { createHash } from 'node:crypto';

/** How long a row's content stays. The row itself, its place in the chain, stays for ever. */
export const RETENTIONS = ['permanent', '30d', '7d'] as const;
export type Retention = (typeof RETENTIONS)[number];

/** What a row says, and what is blanked when its time is over. */
export interface Content {
  readonly actor: string;
  readonly act: string;
  readonly subject: string;
  readonly owner: string | undefined;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What of a row the chain binds for ever. */
export interface Link {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly retention: Retention;
  /** 32 bytes. */
  readonly contentHash: Uint8Array;
}

/** What the first row follows. */
export const GENESIS: Buffer = Buffer.alloc(32);

/**
 * SHA-256 over a row's salt and its content as canonical JSON. The salt goes when the content goes, so that nobody can find
 * by guessing what was blanked. @returns 32 bytes.
 */
export function contentHash(salt: Uint8Array, content: Content): Buffer {
  const { actor, act, subject, owner, detail } = content;
  const text = JSON.stringify([actor, act, subject, owner ?? null, canonical(detail)]);
  return createHash('sha256').update(salt).update(text).digest();
}

/**
 * SHA-256 over the hash of the row before, this row's content hash, and what stays of the row: so the chain is checked as
 * well over rows whose content went, and no permanent row can be passed off as one of those. @returns 32 bytes.
 */
export function chainHash(before: Uint8Array, { seq, at, retention, contentHash: content }: Link): Buffer {
  const text = JSON.stringify([seq, at, retention]);
  return createHash('sha256').update(before).update(content).update(text).digest();
}

/** Keys in order at every depth: the database gives them back in an order of its own. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, held]) => held !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, held]) => [key, canonical(held)]),
  );
}
