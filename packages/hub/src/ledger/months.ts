import type { Sql } from '#seams/db-adapter/index.ts';

const HOUR_MS = 3_600_000;
/** Whoever can't get its lock at once must not make every reader queue behind it: the next pass tries again. */
const LOCK_TIMEOUT_MS = 3_000;
/** Any constant: it names "the months of the ledger" among advisory locks. */
const MONTHS_LOCK = 0x57_0d;

/** The month partitions of the events: made before the first event of theirs, and never dropped. */
export class EventMonths {
  readonly #sql: Sql;
  readonly #present = new Set<string>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async ensure(hour: number): Promise<void> {
    const { name, from, to } = monthOf(hour);
    if (this.#present.has(name)) return;
    await this.#sql.begin(async (tx) => {
      await tx.unsafe(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
      await tx`select pg_advisory_xact_lock(${MONTHS_LOCK})`;
      // Attaching, unlike `PARTITION OF`, does not lock the table against readers and writers. Sums come out of an index
      // alone where a vacuum has seen the rows: of hours, not of a fifth of the month.
      await tx.unsafe(
        `create table if not exists ${name} (like stoicism_events including defaults including constraints)
          with (autovacuum_vacuum_insert_scale_factor = 0.01)`,
      );
      await tx.unsafe(`do $$ begin
        if not exists (select from pg_inherits where inhrelid = '${name}'::regclass) then
          alter table stoicism_events attach partition ${name} for values from (${from}) to (${to});
        end if;
      end $$`);
    });
    this.#present.add(name);
  }
}

/** `stoicism_events_202611`, and the hours from its first to the next one's first. */
export function monthOf(hour: number): { readonly name: string; readonly from: number; readonly to: number } {
  const at = new Date(hour * HOUR_MS);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const name = `stoicism_events_${at.toISOString().slice(0, 7).replace('-', '')}`;
  return { name, from: Date.UTC(year, month, 1) / HOUR_MS, to: Date.UTC(year, month + 1, 1) / HOUR_MS };
}
