import { toHex } from '@stoa/protocol';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { storableText } from '../storable.ts';
import type { ChainLink, ChainTip, HeldJob, Settled } from './settle.ts';
import type { JobState } from './state.ts';

/** What is known of a job when results for it come. */
export interface Before {
  readonly job: HeldJob | undefined;
  /** Payload of the receipt that an earlier copy of this very result was answered with. */
  readonly receipt: Uint8Array | undefined;
}

export interface StoredResult {
  /** Of the sealed result. */
  readonly hash: Uint8Array;
  readonly jobId: string;
  readonly nodeId: string;
  readonly attempt: number;
  readonly sealed: Uint8Array;
  readonly receipt: Uint8Array;
  readonly taken: 'recorded' | 'late';
  readonly number: number;
  readonly previous: Uint8Array;
  readonly link: ChainLink;
  readonly report: string;
  /** What it does to its job; undefined for nothing. */
  readonly settled: Settled | undefined;
}

interface KeyRow {
  node_id: string;
  public_key: Uint8Array;
  previous_key: Uint8Array | null;
}

/** Results and receipts: read, decided upon and written in one transaction, many at a time. */
export class ResultStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Keys that each node may have signed with: the one in force, and the one before while that may be used. */
  async keysOf(nodeIds: readonly string[], now: number): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
    const rows = await this.#sql<KeyRow[]>`
      select node_id, public_key, case when previous_key_until > ${new Date(now)} then previous_key end as previous_key
      from nodes where node_id = any(${[...new Set(nodeIds)]}::text[])`;
    return new Map(
      rows.map((row) => [row.node_id, [row.public_key, ...(row.previous_key ? [row.previous_key] : [])]]),
    );
  }

  begin<T>(work: (tx: TransactionSql) => Promise<T>): Promise<T> {
    return this.#sql.begin(work) as Promise<T>;
  }

  /** Locks the jobs, in the order in which every other statement does. Another node's job is none of the asker's. */
  async before(
    tx: TransactionSql,
    asked: readonly { readonly jobId: string; readonly nodeId: string; readonly hash: Uint8Array }[],
  ): Promise<readonly Before[]> {
    const ids = [...new Set(asked.map(({ jobId }) => jobId))];
    const held = await tx<HeldRow[]>`
      select job_id, node_id, state, attempt, max_attempts, fencing_token, idempotent, cancel_wanted from jobs
      where job_id = any(${ids}::uuid[]) and run = 'agent' order by job_id for update`;
    const hashes = asked.map(({ hash }) => toHex(hash));
    const known = await tx<{ result_hash: Uint8Array; receipt: Uint8Array }[]>`
      select result_hash, receipt from job_results
      where result_hash in (select decode(hash, 'hex') from unnest(${hashes}::text[]) as hash)`;
    const byId = new Map(held.map((row) => [row.job_id, row]));
    const receipts = new Map(known.map((row) => [toHex(row.result_hash), row.receipt]));
    return asked.map(({ jobId, nodeId, hash }) => {
      const row = byId.get(jobId);
      return {
        job: row?.node_id === nodeId ? toHeld(row) : undefined,
        receipt: receipts.get(toHex(hash)),
      };
    });
  }

  async tips(tx: TransactionSql, nodeIds: readonly string[]): Promise<ReadonlyMap<string, ChainTip>> {
    const rows = await tx<{ node_id: string; result_number: bigint; result_hash: Uint8Array | null }[]>`
      select node_id, result_number, result_hash from node_work
      where node_id = any(${[...new Set(nodeIds)]}::text[]) order by node_id for update`;
    return new Map(
      rows.map((row) => [
        row.node_id,
        { number: Number(row.result_number), hash: row.result_hash ? toHex(row.result_hash) : undefined },
      ]),
    );
  }

  async write(
    tx: TransactionSql,
    results: readonly StoredResult[],
    by: { tips: ReadonlyMap<string, ChainTip>; now: number },
  ): Promise<void> {
    const at = new Date(by.now);
    const rows = results.map((result) => ({
      hash: `\\x${toHex(result.hash)}`,
      job_id: result.jobId,
      attempt: result.attempt,
      node_id: result.nodeId,
      sealed: `\\x${toHex(result.sealed)}`,
      receipt: `\\x${toHex(result.receipt)}`,
      taken: result.taken,
      number: result.number,
      previous: `\\x${toHex(result.previous)}`,
      link: result.link,
    }));
    await tx`
      insert into job_results (result_hash, job_id, attempt, node_id, sealed, receipt, taken, number, previous, link, at)
      select hash, job_id, attempt, node_id, sealed, receipt, taken, number, previous, link, ${at}
      from json_to_recordset(${JSON.stringify(rows)}::text::json) as g(hash bytea, job_id uuid, attempt smallint,
        node_id text, sealed bytea, receipt bytea, taken text, number bigint, previous bytea, link text)`;
    const ended = results.flatMap(({ jobId, settled, report }) =>
      settled === undefined
        ? []
        : [
            {
              job_id: jobId,
              state: settled.state,
              over: settled.state !== 'queued',
              code: storableText(settled.code),
              message: storableText(settled.message),
              report: storableText(report),
            },
          ],
    );
    if (ended.length > 0)
      await tx`
        update jobs j set state = g.state, fencing_token = case when g.over then j.fencing_token end, code = g.code, message = g.message, report = g.report, leased_until = null,
          ended_at = case when g.over then ${at}::timestamptz end,
          started_at = coalesce(j.started_at, j.leased_at), progress = case when g.over then j.progress end,
          step = case when g.over then j.step else '' end
        from json_to_recordset(${JSON.stringify(ended)}::text::json)
          as g(job_id uuid, state text, over boolean, code text, message text, report text)
        where j.job_id = g.job_id`;
    const moved = [...by.tips].map(([node_id, { number, hash }]) => ({
      node_id,
      number,
      hash: `\\x${hash ?? ''}`,
    }));
    if (moved.length > 0)
      await tx`
        insert into node_work as w (node_id, said_at, result_number, result_hash)
        select node_id, ${at}, number, hash
        from json_to_recordset(${JSON.stringify(moved)}::text::json) as g(node_id text, number bigint, hash bytea)
        on conflict (node_id) do update set result_number = excluded.result_number, result_hash = excluded.result_hash`;
  }
}

interface HeldRow {
  job_id: string;
  node_id: string;
  state: JobState;
  attempt: number;
  max_attempts: number;
  fencing_token: bigint | null;
  idempotent: boolean;
  cancel_wanted: string | null;
}

function toHeld(row: HeldRow): HeldJob {
  return {
    state: row.state,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    fencingToken: row.fencing_token === null ? undefined : Number(row.fencing_token),
    idempotent: row.idempotent,
    cancelWanted: row.cancel_wanted ?? undefined,
  };
}
