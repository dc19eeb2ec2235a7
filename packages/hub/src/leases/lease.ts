import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';

/** Taken over this long after its holder last renewed it. */
const LEASE_MS = 30_000;

/** Work of the region that one instance does: whoever holds the lease, by its epoch. */
export class Lease {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #name: string;
  readonly #holder: string;
  readonly #leaseMs: number;

  /** @param by.holder unique to this run of the instance. @param by.leaseMs three ticks of what it is held for. */
  constructor(by: {
    sql: Sql;
    clock: Pick<Clock, 'now'>;
    name: string;
    holder: string;
    leaseMs?: number;
  }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#name = by.name;
    this.#holder = by.holder;
    this.#leaseMs = by.leaseMs ?? LEASE_MS;
  }

  /** Takes, keeps or misses it. @returns the epoch under which it is held; undefined: another holds it. */
  async hold(): Promise<number | undefined> {
    const now = this.#clock.now();
    const [row] = await this.#sql<{ epoch: bigint }[]>`
      insert into leases as l (name, holder, epoch, expires_at)
      values (${this.#name}, ${this.#holder}, 1, ${new Date(now + this.#leaseMs)})
      on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at,
        epoch = case when l.holder = excluded.holder then l.epoch else l.epoch + 1 end
      where l.holder = excluded.holder or l.expires_at <= ${new Date(now)}
      returning epoch`;
    return row && Number(row.epoch);
  }

  /** Inside a transaction: whether the epoch still holds. It then holds until the transaction ends. */
  async fence(transaction: Sql | TransactionSql, epoch: number): Promise<boolean> {
    const rows = await transaction`select 1 from leases
      where name = ${this.#name} and holder = ${this.#holder} and epoch = ${epoch} for update`;
    return rows.length === 1;
  }

  /** Inside a transaction: whoever holds it has lost it once that ends, and anybody may take it. */
  async depose(transaction: TransactionSql): Promise<void> {
    await transaction`update leases set holder = '', epoch = epoch + 1, expires_at = ${new Date(0)}
      where name = ${this.#name}`;
  }

  /** So that another need not wait when this instance stops. */
  async release(): Promise<void> {
    await this.#sql`update leases set expires_at = ${new Date(0)}
      where name = ${this.#name} and holder = ${this.#holder}`;
  }
}
