import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { storableJson } from '../storable.ts';
import { chainHash, contentHash, GENESIS, type Retention } from './chain.ts';

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

/** Every privileged act, who did it, and to what. Append-only; each row vouches for all before it. */
export class AuditLog {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  /** Rejects where it could not be written: then the act itself must not be done. */
  append(act: Act): Promise<AuditRow> {
    return this.#sql.begin((tx) => this.appendIn(tx, act));
  }

  /** As `append`, in the caller's transaction: stands exactly if the act does. Nobody else appends until it ends. */
  async appendIn(tx: TransactionSql, act: Act): Promise<AuditRow> {
    const at = this.#clock.now();
    const content = {
      actor: act.actor,
      act: act.act,
      subject: act.subject,
      owner: act.owner,
      // As it will be read back: what JSON drops or changes must not be hashed.
      detail: JSON.parse(storableJson(act.detail ?? {})) as Readonly<Record<string, unknown>>,
    };
    const retention = act.retention ?? 'permanent';
    await tx`select pg_advisory_xact_lock(${CHAIN_LOCK})`;
    const [last] = await tx<{ seq: bigint | null; hash: Uint8Array | null; salt: Uint8Array }[]>`
      select l.seq, l.hash, uuid_send(gen_random_uuid()) as salt
      from (values (1)) one left join lateral (select seq, hash from audit_log order by seq desc limit 1) l on true`;
    const salt = last!.salt;
    const seq = Number(last!.seq ?? 0n) + 1;
    const link = { seq, at, retention, contentHash: contentHash(salt, content) };
    const hash = chainHash(last!.hash ?? GENESIS, link);
    await tx`insert into audit_log (seq, at, actor, act, subject, owner, detail, retention, salt, content_hash, hash)
      values (${seq}, ${new Date(at)}, ${content.actor}, ${content.act}, ${content.subject}, ${content.owner ?? null},
        ${storableJson(content.detail)}::text::jsonb, ${retention}, ${salt}, ${link.contentHash}, ${hash})`;
    return { seq, at, retention, ...content, hash: hash.toString('hex') };
  }

  /** Names what an act on many was done to, in the transaction that does it. */
  async nameSubjects(tx: TransactionSql, seq: number, subjects: readonly string[]): Promise<void> {
    await tx`insert into audit_subjects (subject, seq) select unnest(${[...subjects]}::text[]), ${seq}`;
  }

  /**
   * Acts on any of `subjects` were acts on `name`, as is known by now: those so far are found by both. The chain stays as it
   * is. Idempotent.
   */
  async nameAlso(act: string, subjects: readonly string[], name: string): Promise<void> {
    await this.#sql`insert into audit_subjects (subject, seq)
      select ${name}, seq from audit_log where act = ${act} and subject = any(${[...subjects]}::text[]) on conflict do nothing`;
  }
}
