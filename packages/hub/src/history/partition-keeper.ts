import type { Clock } from '#clock.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { LATEST_MS } from './recorder.ts';
import { RESOLUTIONS } from './series.ts';

const DAY_MS = 24 * 3_600_000;
/** A hub may be stopped for a day without the next one meeting a missing partition at midnight. */
const AHEAD_DAYS = 2;
/** Whoever can't get its lock at once must not make every writer queue behind it: the next tick tries again. */
const LOCK_TIMEOUT_MS = 3_000;
/** Any constant: it names "the partitions of this database" among advisory locks. */
const PARTITIONS_LOCK = 0x57_0b;

/**
 * Makes the day partitions of the history ahead of time and drops those past their retention: dropping costs nothing,
 * deleting would cost as much as writing. Idempotent and without input, so one tick repairs any state.
 */
export class PartitionKeeper {
  readonly name = 'history-partitions';
  readonly periodMs = 3_600_000;
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #lockTimeoutMs: number;

  constructor(by: { sql: Sql; clock: Clock; lockTimeoutMs?: number }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#lockTimeoutMs = by.lockTimeoutMs ?? LOCK_TIMEOUT_MS;
  }

  async tick(): Promise<void> {
    const now = this.#clock.now();
    const today = Math.floor(now / DAY_MS);
    const oldest = Math.floor((now - LATEST_MS) / DAY_MS);
    for (const { table, retentionDays } of Object.values(RESOLUTIONS)) {
      const present = new Set(await this.#partitions(table));
      for (let day = oldest; day <= today + AHEAD_DAYS; day += 1) {
        if (!present.has(nameOf(table, day))) await this.#create(table, day);
      }
      const firstKept = nameOf(table, Math.floor((now - retentionDays * DAY_MS) / DAY_MS));
      for (const partition of present) if (partition < firstKept) await this.#drop(partition);
    }
  }

  /** Attached ones only: whatever else has such a name is not ours to judge. */
  async #partitions(table: string): Promise<string[]> {
    const rows = await this.#sql<{ name: string }[]>`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = ${table}::regclass order by c.relname`;
    return rows.map(({ name }) => name);
  }

  /** Attaching, unlike `PARTITION OF`, does not lock the table against readers and writers. */
  async #create(table: string, day: number): Promise<void> {
    const name = nameOf(table, day);
    const [from, to] = [day, day + 1].map((at) => new Date(at * DAY_MS).toISOString());
    await this.#exclusively(
      // Room on the page, since a row is written again while its interval lasts.
      `create table if not exists ${name} (like ${table} including defaults including constraints) with (fillfactor = 70)`,
      `do $$ begin
         if not exists (select from pg_inherits where inhrelid = '${name}'::regclass) then
           alter table ${table} attach partition ${name} for values from ('${from}') to ('${to}');
         end if;
       end $$`,
    );
  }

  async #drop(name: string): Promise<void> {
    await this.#exclusively(`drop table if exists ${name}`);
  }

  /** Several hubs share a database: one at a time, and what another has done already is no error. */
  async #exclusively(...statements: string[]): Promise<void> {
    await this.#sql.begin(async (transaction) => {
      await transaction.unsafe(`set local lock_timeout = ${this.#lockTimeoutMs}`);
      await transaction`select pg_advisory_xact_lock(${PARTITIONS_LOCK})`;
      for (const statement of statements) await transaction.unsafe(statement);
    });
  }
}

/** `metrics_5m_20261125`: in order of their days. */
function nameOf(table: string, day: number): string {
  return `${table}_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;
}
