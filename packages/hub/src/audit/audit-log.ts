import { createHash } from 'node:crypto';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { storableJson } from '../storable.ts';

/** How long a row stays; what went is still covered by the hashes of the rows after it. */
export type Retention = 'permanent' | '30d' | '7d';

export interface Act {
  /** E-mail of who acted, or `hub`. */
  readonly actor: string;
  /** `noun.verb`, lower case: node.retire, token.create. */
  readonly act: string;
  /** Node id, e-mail, token id; empty where nothing in particular. Never a secret. */
  readonly subject: string;
  /** Whose nodes or account it touches: they may read it. */
  readonly owner?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Default permanent. */
  readonly retention?: Retention;
}

export interface AuditRow extends Required<Omit<Act, 'owner'>> {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly owner: string | undefined;
  /** Hex. */
  readonly hash: string;
}

/** One writer at a time, of all instances: the next row's hash needs this one's. */
const CHAIN_LOCK = 7_403_301;
/** What the first row follows. */
export const GENESIS: Buffer = Buffer.alloc(32);

/** SHA-256 over the hash of the row before and the row as canonical JSON. @returns 32 bytes. */
export function chainHash(before: Uint8Array, row: Omit<AuditRow, 'hash'>): Buffer {
  const { seq, at, actor, act, subject, owner, detail, retention } = row;
  const text = JSON.stringify([seq, at, actor, act, subject, owner ?? null, canonical(detail), retention]);
  return createHash('sha256').update(before).update(text).digest();
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

/** Every privileged act, who did it, and to what. Append-only; each row vouches for all before it. */
export class AuditLog {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  /** Rejects where it could not be written: then the act itself must not be done. */
  async append(act: Act): Promise<AuditRow> {
    const at = this.#clock.now();
    return this.#sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${CHAIN_LOCK})`;
      const [last] = await tx<{ seq: bigint; hash: Uint8Array }[]>`
        select seq, hash from audit_log order by seq desc limit 1`;
      const row = {
        seq: Number(last?.seq ?? 0n) + 1,
        at,
        actor: act.actor,
        act: act.act,
        subject: act.subject,
        owner: act.owner,
        // As it will be read back: what JSON drops or changes must not be hashed.
        detail: JSON.parse(storableJson(act.detail ?? {})) as Readonly<Record<string, unknown>>,
        retention: act.retention ?? 'permanent',
      } as const;
      const hash = chainHash(last?.hash ?? GENESIS, row);
      await tx`insert into audit_log (seq, at, actor, act, subject, owner, detail, retention, hash)
        values (${row.seq}, ${new Date(at)}, ${row.actor}, ${row.act}, ${row.subject}, ${row.owner ?? null},
          ${storableJson(row.detail)}::text::jsonb, ${row.retention}, ${hash})`;
      return { ...row, hash: hash.toString('hex') };
    });
  }
}
