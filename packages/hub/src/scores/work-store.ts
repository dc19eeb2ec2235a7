import { type CONTENT_PART, type Proofs, WORK_UNITS, type WorkPart } from '@stoa/protocol/stoicism';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { RunName } from './run.ts';
import type { Verdict } from './work-check.ts';

export interface WorkName extends RunName {
  readonly part: WorkPart | typeof CONTENT_PART;
}

/** Nonces of benchmarks that run, and what was answered to them. Times are milliseconds since 1970. */
export class WorkStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** By the clock that all instances share: one may give the nonce and another take the answer. */
  async now(): Promise<number> {
    const [row] = await this.#sql<{ at: Date }[]>`select now() as at`;
    return row!.at.getTime();
  }

  /** Keys that the node may have signed with; none unless this attempt of this job is the one that runs on it. */
  async keysOf(run: RunName & { readonly nodeId: string }, now: number): Promise<readonly Uint8Array[]> {
    const [row] = await this.#sql<{ current: Uint8Array; previous: Uint8Array | null }[]>`
      select n.public_key as current, case when n.previous_key_until > ${new Date(now)} then n.previous_key end as previous
      from jobs j join nodes n on n.node_id = j.node_id
      where j.job_id = ${run.jobId}::uuid and j.node_id = ${run.nodeId} and j.attempt = ${run.attempt}
        and j.kind = 'benchmark-node' and j.state in ('leased', 'running')`;
    if (row === undefined) return [];
    return row.previous === null ? [row.current] : [row.current, row.previous];
  }

  /** The first call makes it: whoever asks again gets the same, and the time runs on. */
  async nonce(name: WorkName, made: Uint8Array, now: number): Promise<Uint8Array> {
    const { jobId, attempt, part } = name;
    await this.#sql`insert into benchmark_work (job_id, attempt, part, nonce, asked_at)
      values (${jobId}, ${attempt}, ${part}, ${made}, ${new Date(now)}) on conflict do nothing`;
    return (await this.find(name))!;
  }

  /** Undefined where nobody asked for it. */
  async find({ jobId, attempt, part }: WorkName): Promise<Uint8Array | undefined> {
    const [row] = await this.#sql<{ nonce: Uint8Array }[]>`select nonce from benchmark_work
      where job_id = ${jobId} and attempt = ${attempt} and part = ${part}`;
    return row && new Uint8Array(row.nonce);
  }

  /** @returns false where it was answered before: the first answer counts. */
  async answered(
    { jobId, attempt, part }: WorkName,
    by: { readonly steps: number; readonly sealed: Uint8Array; readonly now: number },
  ): Promise<boolean> {
    const rows = await this
      .#sql`update benchmark_work set answered_at = ${new Date(by.now)}, steps = ${by.steps},
        sealed = ${by.sealed}
      where job_id = ${jobId} and attempt = ${attempt} and part = ${part} and answered_at is null returning 1`;
    return rows.length === 1;
  }

  async judge({ jobId, attempt, part }: WorkName, verdict: Verdict): Promise<void> {
    await this.#sql`update benchmark_work set verdict = ${verdict}
      where job_id = ${jobId} and attempt = ${attempt} and part = ${part}`;
  }

  /** Whether an answer was not looked at yet. */
  async isWaiting({ jobId, attempt }: RunName): Promise<boolean> {
    const rows = await this.#sql`select 1 from benchmark_work
      where job_id = ${jobId} and attempt = ${attempt} and answered_at is not null and verdict is null limit 1`;
    return rows.length === 1;
  }

  /** What the hub's clock allows of each part whose answer was looked at: how many steps it has is the node's word until then. */
  async proofs({ jobId, attempt }: RunName): Promise<Proofs> {
    const rows = await this.#sql<
      { part: WorkPart; steps: bigint; ms: number; verdict: Verdict }[]
    >`select part, steps, extract(epoch from answered_at - asked_at)::float8 * 1000 as ms, verdict from benchmark_work
      where job_id = ${jobId} and attempt = ${attempt} and verdict is not null`;
    return Object.fromEntries(
      rows.map(({ part, steps, ms, verdict }) => {
        const perSecond = Number(
          (steps * BigInt(WORK_UNITS[part]) * 1_000n) / BigInt(Math.max(1, Math.round(ms))),
        );
        return [part, verdict === 'wrong' ? 'wrong' : Math.min(perSecond, Number.MAX_SAFE_INTEGER)];
      }),
    );
  }

  async forgetBefore(at: number): Promise<void> {
    await this.#sql`delete from benchmark_work where asked_at < ${new Date(at)}`;
  }
}
