import { toHex } from '@stoa/protocol';
import { PackedRows, packed, type Sql, type TransactionSql } from '#seams/db-adapter/index.ts';
import type { BaselineTable } from './baseline-store.ts';
import type { BenchmarkRun, Cause, StoredScore } from './run.ts';
import { stampOf } from './stamp.ts';

type Queries = Sql | TransactionSql;

/** One writer of scores at a time, of all instances: `seq` is then the order of commits, and no version is given twice. */
const SCORES_LOCK = 7_403_361;

export async function lockScores(tx: TransactionSql): Promise<void> {
  await tx`select pg_advisory_xact_lock(${SCORES_LOCK})`;
}

/** In a transaction that holds the lock. */
export async function addScore(
  tx: TransactionSql,
  run: BenchmarkRun,
  by: { table: BaselineTable; cause: Cause; hubHour: number; now: number },
): Promise<StoredScore> {
  const { score: stamped, reviewMicro, breakdown, hash } = stampOf(run, by.table);
  const [row] = await tx<ScoreRow[]>`
    insert into scores (node_id, version, hub_hour, micro, review_micro, cause, job_id, attempt, baseline_version,
      committed_gb, hash, at)
    select ${run.nodeId}, coalesce(max(version), 0) + 1, ${by.hubHour}, ${stamped.micro}, ${reviewMicro}, ${by.cause},
      ${run.jobId}, ${run.attempt}, ${by.table.version}, ${run.committedGb},
      decode(${toHex(hash)}, 'hex'), ${new Date(by.now)}
    from scores where node_id = ${run.nodeId} returning ${columns(tx)}`;
  const score = toScore(row!);
  await tx`insert into score_breakdowns (node_id, version, breakdown)
    values (${score.nodeId}, ${score.version}, ${breakdown})`;
  return score;
}

/** The newest versions of a node, the newest first. */
export async function scoresOf(sql: Queries, nodeId: string, limit: number): Promise<readonly StoredScore[]> {
  const rows = await sql<ScoreRow[]>`select ${columns(sql)} from scores where node_id = ${nodeId}
    order by version desc limit ${limit}`;
  return rows.map(toScore);
}

/** Newest scores that an older table was used for, by node. */
export async function staleScores(
  sql: Queries,
  by: { baselineVersion: number; after: string; limit: number },
): Promise<readonly StoredScore[]> {
  const rows = await sql<ScoreRow[]>`
    select ${columns(sql)} from scores
    where node_id > ${by.after} and baseline_version < ${by.baselineVersion}
      and not exists (select 1 from scores newer where newer.node_id = scores.node_id and newer.version > scores.version)
    order by node_id limit ${by.limit}`;
  return rows.map(toScore);
}

export interface Waiting extends StoredScore {
  /** Of the node; its id where it is no longer there. */
  readonly label: string;
  readonly owner: string;
}

/** Scores of which the caps hold something back, and nobody has decided: what would rise most first. */
export async function waitingForReview(sql: Queries, limit: number): Promise<readonly Waiting[]> {
  const rows = await sql<(ScoreRow & { label: string; owner: string })[]>`
    select ${columns(sql)}, coalesce(n.label, scores.node_id) as label, coalesce(n.owner, '') as owner
    from scores join benchmark_runs r on r.job_id = scores.job_id and r.attempt = scores.attempt
    left join nodes n on n.node_id = scores.node_id
    where scores.review_micro > scores.micro and r.decision is null and n.retired_at is null
      and not exists (select 1 from scores newer where newer.node_id = scores.node_id and newer.version > scores.version)
    order by scores.review_micro - scores.micro desc, scores.node_id limit ${limit}`;
  return rows.map((row) => ({ ...toScore(row), label: row.label, owner: row.owner }));
}

/** Nodes, as `n`, that have no ServerScore above 0: gate 2 lets none of them earn. */
export function scoreMissing(sql: Sql) {
  return sql`coalesce((select micro from scores where scores.node_id = n.node_id order by version desc limit 1), 0) = 0`;
}

export interface ScoreAt {
  /** Whole 1e-6. */
  readonly micro: number;
  readonly version: number;
  /** What the node promised when it was measured: it must go on to have room for that. */
  readonly committedGb: number;
  /** The protocol's `hash` of the breakdown: what a receipt names. */
  readonly hash: Uint8Array;
}

export async function scoresAt(
  sql: Queries,
  hubHour: number,
  nodeIds: readonly string[],
): Promise<ReadonlyMap<string, ScoreAt>> {
  const rows = await sql<
    { node_id: string; micro: number; version: number; committed_gb: number; hash: Uint8Array }[]
  >`select s.* from unnest(${[...new Set(nodeIds)]}::text[]) as asked(node_id)
    cross join lateral (
      select node_id, micro, version, committed_gb, hash from scores
      where node_id = asked.node_id collate "C" and hub_hour <= ${hubHour} order by version desc limit 1) s`;
  return new Map(
    rows.map(({ node_id, micro, version, committed_gb, hash }) => [
      node_id,
      { micro, version, committedGb: committed_gb, hash: new Uint8Array(hash) },
    ]),
  );
}

/** As `scoresAt`, of all nodes in a span of ids: what an hour is closed by, and gates of a whole fleet. */
export async function scoresWithin(
  sql: Queries,
  hubHour: number,
  { first, last }: { first: string; last: string },
): Promise<ReadonlyMap<string, ScoreAt>> {
  const { int4, ascii, bytes } = packed;
  const [row] = await sql<{ rows: Uint8Array | null }[]>`
    select string_agg(${ascii(sql, 'node_id')} || ${int4(sql, 'micro')} || ${int4(sql, 'version')}
      || ${int4(sql, 'committed_gb')} || ${bytes(sql, 'hash')}, ''::bytea) as rows from (
      select distinct on (node_id) node_id, micro, version, committed_gb, hash from scores
      where node_id between ${first} and ${last} and hub_hour <= ${hubHour} order by node_id, version desc) s`;
  const found = new Map<string, ScoreAt>();
  for (const rows = new PackedRows(row!.rows); rows.more; ) {
    const [nodeId, micro, version, committedGb] = [rows.ascii(), rows.int4(), rows.int4(), rows.int4()];
    found.set(nodeId, { micro, version, committedGb, hash: rows.bytes() });
  }
  return found;
}

/** One node's scores over hours, `until` exclusive; hours without one are left out. */
export async function scoresOver(
  sql: Queries,
  nodeId: string,
  { from, until }: { from: number; until: number },
): Promise<ReadonlyMap<number, { readonly micro: number; readonly version: number }>> {
  const rows = await sql<{ hub_hour: number; micro: number; version: number }[]>`
    select asked.hub_hour, s.micro, s.version from generate_series(${from}::int, ${until - 1}::int) asked(hub_hour)
    cross join lateral (
      select micro, version from scores
      where node_id = ${nodeId} and hub_hour <= asked.hub_hour order by version desc limit 1) s`;
  return new Map(rows.map(({ hub_hour: hubHour, micro, version }) => [hubHour, { micro, version }]));
}

export interface ScoreChange {
  readonly nodeId: string;
  readonly micro: number;
  readonly version: number;
  readonly committedGb: number;
  /** From this hour on. */
  readonly hubHour: number;
}

/** Of the score that was committed last, 0n before the first. */
export async function newestSeq(sql: Queries): Promise<bigint> {
  const [row] = await sql<{ seq: bigint }[]>`select coalesce(max(seq), 0)::bigint as seq from scores`;
  return row!.seq;
}

/** In the order of commits. @param cursor what the last call gave, 0n before the first. */
export async function changedSince(
  sql: Queries,
  cursor: bigint,
  limit: number,
): Promise<{ readonly changes: readonly ScoreChange[]; readonly cursor: bigint }> {
  const rows = await sql<
    { seq: bigint; node_id: string; micro: number; version: number; committed_gb: number; hub_hour: number }[]
  >`select seq, node_id, micro, version, committed_gb, hub_hour from scores where seq > ${cursor.toString()}::bigint
    order by seq limit ${limit}`;
  return {
    changes: rows.map((row) => ({
      ...{ nodeId: row.node_id, micro: row.micro, version: row.version },
      ...{ committedGb: row.committed_gb, hubHour: row.hub_hour },
    })),
    cursor: rows.at(-1)?.seq ?? cursor,
  };
}

interface ScoreRow {
  node_id: string;
  version: number;
  hub_hour: number;
  micro: number;
  review_micro: number;
  cause: Cause;
  job_id: string;
  attempt: number;
  baseline_version: number;
  committed_gb: number;
  at: Date;
}

function columns(sql: Queries) {
  return sql`scores.node_id, scores.version, scores.hub_hour, scores.micro, scores.review_micro, scores.cause,
    scores.job_id, scores.attempt, scores.baseline_version, scores.committed_gb, scores.at`;
}

function toScore(row: ScoreRow): StoredScore {
  return {
    ...{ nodeId: row.node_id, version: row.version, hubHour: row.hub_hour, cause: row.cause },
    ...{ micro: row.micro, reviewMicro: row.review_micro, committedGb: row.committed_gb },
    ...{ jobId: row.job_id, attempt: row.attempt, baselineVersion: row.baseline_version },
    at: row.at.getTime(),
  };
}
