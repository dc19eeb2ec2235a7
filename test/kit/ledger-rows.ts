import type { Sql } from '@stoa/hub/seams/db-adapter/index';
import { minutePoints } from '@stoa/protocol/stoicism';

const HOUR_MS = 3_600_000;
const CLOSED_MS = 15 * 60_000;
const MICRO = 900_000;
const WORD = (1n << 60n) - 1n;

export interface LedgerRows {
  /** Hours up to this one are closed; whole hours since 1970. */
  readonly until: number;
  readonly hours: number;
  readonly nodes: number;
}

/**
 * A ledger that has closed hours of all nodes, an accrual each; owners are paid to the account `md5(owner)`. Rows are put into
 * partitions before they have indexes and without a journal, as no ledger would: ten million are there in minutes.
 */
export async function seedLedger(sql: Sql, { until, hours, nodes }: LedgerRows): Promise<void> {
  const first = until - hours + 1;
  await sql`insert into payout_people (email, owner_id) select owner, md5('id ' || owner) from (select distinct owner from nodes) o`;
  await sql`insert into payout_accounts (account_id, account)
    select md5(owner), 'k:' || encode(sha256(owner::bytea), 'hex') from (select distinct owner from nodes) o`;
  await sql`insert into payout_choices (owner, account_id, from_hour, set_by, set_at)
    select owner, md5(owner), 0, owner, now() from (select distinct owner from nodes) o`;
  await sql`insert into scores (node_id, version, hub_hour, micro, review_micro, cause, job_id, attempt, baseline_version,
      committed_gb, hash, at)
    select node_id, 1, 0, ${MICRO}, 0, 'benchmark', gen_random_uuid(), 1, 0, 0, '\\x00', now() from nodes`;
  await sql`create unlogged table numbered as
    select row_number() over (order by node_id) - 1 as n, node_id, md5(owner) as account_id, owner from nodes`;
  for (const { name, from, to } of monthsOf(first, until)) {
    await sql.unsafe(
      `create unlogged table ${name} (like stoicism_events including defaults including constraints)`,
    );
    await sql.unsafe(`insert into ${name} (sequence, hour, kind, revision, node_id, account_id, ref, amount, minutes, micro_score,
        score_version, ran_at, hash, owner_email)
      select (h - ${first})::bigint * ${nodes} + n + 1, h, 'accrual', 0, node_id, account_id, '', ${minutePoints(MICRO) * 60n}, ${WORD}, ${MICRO},
        1, to_timestamp((h + 1) * 3600.0 + ${CLOSED_MS / 1_000}), decode(repeat('ab', 32), 'hex'), owner
      from generate_series(${Math.max(first, from)}::int, ${Math.min(until, to - 1)}::int) h cross join numbered order by h, n`);
    await sql.begin(async (tx) => {
      await tx`set local maintenance_work_mem = '512MB'`;
      await tx.unsafe(
        `alter table stoicism_events attach partition ${name} for values from (${from}) to (${to})`,
      );
    });
  }
  await sql`drop table numbered`;
  await sql`insert into ledger_hours (hour, closed_at, next_pass_at, passes, nodes, events, accrued, pending, matured, fees, revised, took_ms)
    select h, to_timestamp((h + 1) * 3600.0 + 900), case when h > ${until - 48} then to_timestamp((h + 49) * 3600.0) end, 1, ${nodes}, ${nodes}, 0, 0, 0, 0, 0, 0
    from generate_series(${first}::int, ${until}::int) h`;
  await sql`insert into ledger_accounts (account_id, current, minting, redeemed)
    select md5(owner), count(*) * ${hours} * ${String(minutePoints(MICRO) * 60n)}::text::numeric, 0, 0 from nodes group by owner`;
  await sql`insert into ledger_head (id, sequence, hash, ran_at, mode, locked, first_hour, reset_sequence)
    values (1, ${hours * nodes}, decode(repeat('ab', 32), 'hex'), ${new Date((until + 1) * HOUR_MS + CLOSED_MS)}, 'shadow', false, ${first}, 0)`;
  // As the database does by itself while a ledger grows.
  await sql`vacuum analyze`;
}

function* monthsOf(first: number, until: number): Generator<{ name: string; from: number; to: number }> {
  for (let from = first; from <= until; ) {
    const at = new Date(from * HOUR_MS);
    const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
    const begins = Date.UTC(year, month, 1) / HOUR_MS;
    const to = Date.UTC(year, month + 1, 1) / HOUR_MS;
    yield {
      name: `stoicism_events_${at.toISOString().slice(0, 7).replace('-', '')}`,
      from: begins,
      to,
    };
    from = to;
  }
}
