import type { Sql } from '#seams/db-adapter/index.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import type { Retention } from './chain.ts';

export interface AuditFilter {
  /** E-mail, exactly. */
  readonly actor?: string | undefined;
  /** An act (`node.retire`), or a noun for all its acts (`node`). */
  readonly act?: string | undefined;
  /** What it was done to, alone or as one of many. */
  readonly subject?: string | undefined;
  readonly owner?: string | undefined;
  /** Milliseconds since 1970; the end is excluded. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  /** Words of any of it, each by its beginning. */
  readonly text?: string | undefined;
}

/** A row with what vouches for it; without content once that was blanked. */
export interface StoredRow {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  readonly act: string;
  readonly subject: string;
  readonly owner: string | undefined;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly retention: Retention;
  readonly salt: Uint8Array | undefined;
  readonly contentHash: Uint8Array;
  /** Of the row before; undefined for the first row. */
  readonly before: Uint8Array | undefined;
  readonly hash: Uint8Array;
  readonly prunedAt: number | undefined;
}

/** Whose rows: everybody's, or those that one account did or that touch it. */
export type AuditScope = { readonly kind: 'all' } | { readonly kind: 'account'; readonly email: string };

export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

export function scopeOf(viewer: Viewer): AuditScope {
  return isAtLeast(viewer, 'ancient') ? { kind: 'all' } : { kind: 'account', email: viewer.email };
}

const MAX_WORDS = 8;

interface Row {
  seq: bigint;
  at: Date;
  actor: string;
  act: string;
  subject: string;
  owner: string | null;
  detail: Record<string, unknown>;
  retention: Retention;
  salt: Uint8Array | null;
  content_hash: Uint8Array;
  before: Uint8Array | null;
  hash: Uint8Array;
  pruned_at: Date | null;
}

/** Reads the log, and blanks what has had its time. */
export class AuditStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The newest first, from below `before` on. @returns at most `limit` rows, and from where the next page reads. */
  async page(
    scope: AuditScope,
    filter: AuditFilter,
    { before, limit }: { before?: number | undefined; limit: number },
  ): Promise<{ rows: StoredRow[]; next: number | undefined }> {
    const sql = this.#sql;
    const below = before === undefined ? sql`true` : sql`a.seq < ${before}`;
    const found = await sql<Row[]>`${this.#selected()}
      where ${this.#visible(scope)} and ${this.#matching(filter)} and ${below} order by a.seq desc limit ${limit + 1}`;
    const rows = found.slice(0, limit).map(toRow);
    return { rows, next: found.length > limit ? rows.at(-1)?.seq : undefined };
  }

  /** Rows of a range in their order, `limit` at most: read again from above the last. */
  async ascending(scope: AuditScope, { from, to }: SeqRange, limit: number): Promise<StoredRow[]> {
    const rows = await this.#sql<Row[]>`${this.#selected()}
      where a.seq between ${from} and ${to} and ${this.#visible(scope)} order by a.seq limit ${limit}`;
    return rows.map(toRow);
  }

  /** How many rows of a range are in scope, and the first and the last of them; undefined where there is none. */
  async extent(
    scope: AuditScope,
    { from, to }: SeqRange,
  ): Promise<(SeqRange & { count: number }) | undefined> {
    const [row] = await this.#sql<{ from: bigint | null; to: bigint | null; count: number }[]>`
      select min(a.seq) as from, max(a.seq) as to, count(*)::int as count from audit_log a
      where a.seq between ${from} and ${to} and ${this.#visible(scope)}`;
    if (row?.from == null || row.to === null) return undefined;
    return { from: Number(row.from), to: Number(row.to), count: row.count };
  }

  /** The first row at or after an instant, by number; undefined where there is none. */
  async firstSince(at: number): Promise<number | undefined> {
    const [row] = await this.#sql<{ seq: bigint | null }[]>`
      select min(seq) as seq from audit_log where at >= ${new Date(at)}`;
    return row?.seq == null ? undefined : Number(row.seq);
  }

  /** Blanks up to `limit` rows of a kind that are older. @returns how many. */
  async prune(
    retention: Exclude<Retention, 'permanent'>,
    by: { olderThan: number; now: number; limit: number },
  ): Promise<number> {
    const done = await this.#sql`update audit_log
      set actor = '', act = '', subject = '', owner = null, detail = '{}', salt = null, pruned_at = ${new Date(by.now)}
      where seq in (select seq from audit_log where retention = ${retention} and pruned_at is null
        and at < ${new Date(by.olderThan)} order by at limit ${by.limit})`;
    return done.count;
  }

  #selected() {
    return this.#sql`select a.seq, a.at, a.actor, a.act, a.subject, a.owner, a.detail, a.retention, a.salt,
      a.content_hash, b.hash as before, a.hash, a.pruned_at
      from audit_log a left join audit_log b on b.seq = a.seq - 1`;
  }

  #visible(scope: AuditScope) {
    const sql = this.#sql;
    return scope.kind === 'all' ? sql`true` : sql`(a.actor = ${scope.email} or a.owner = ${scope.email})`;
  }

  #matching(filter: AuditFilter) {
    const sql = this.#sql;
    const { actor, act, subject, owner, from, until, text } = filter;
    const conditions = [
      actor && sql`a.actor = ${actor}`,
      act && (act.includes('.') ? sql`a.act = ${act}` : sql`a.act like ${`${escapeLike(act)}.%`}`),
      subject && this.#on(subject),
      owner && sql`a.owner = ${owner}`,
      from !== undefined && sql`a.at >= ${new Date(from)}`,
      until !== undefined && sql`a.at < ${new Date(until)}`,
      text && this.#containing(text),
    ].filter((condition) => condition !== undefined && condition !== false && condition !== '');
    return conditions.reduce((all, condition) => sql`${all} and ${condition}`, sql`true`);
  }

  /** As a set, and not `a.subject = … or …`: both halves are read by their index. */
  #on(subject: string) {
    return this.#sql`a.seq in (select own.seq from audit_log own where own.subject = ${subject}
      union all select m.seq from audit_subjects m where m.subject = ${subject})`;
  }

  #containing(text: string) {
    const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    const query = words
      .slice(0, MAX_WORDS)
      .map((word) => `'${word}':*`)
      .join(' & ');
    return query === '' ? this.#sql`false` : this.#sql`a.search @@ to_tsquery('simple', ${query})`;
  }
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}

function toRow(row: Row): StoredRow {
  const { seq, at, owner, salt, content_hash, before, pruned_at, ...same } = row;
  return {
    ...same,
    seq: Number(seq),
    at: at.getTime(),
    owner: owner ?? undefined,
    salt: salt ?? undefined,
    contentHash: content_hash,
    before: before ?? undefined,
    prunedAt: pruned_at?.getTime(),
  };
}
