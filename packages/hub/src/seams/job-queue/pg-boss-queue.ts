import { type CommandResponse, type Db, type JobAttempt, type JobWithMetadata, PgBoss } from 'pg-boss';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Log } from '../../log.ts';
import { requireKind } from './error.ts';
import {
  type Claim,
  DEAD_KEPT_SECONDS,
  type DeadWork,
  type JobQueue,
  type QueuedWork,
  type QueuePolicy,
} from './job-queue.ts';

const SCHEMA = 'job_queue';
/** One queue for all kinds, since a lock holds over all of them; a kind is a group, and its cap the group's. */
const QUEUE = 'hub-work';
/** One claim at a time, of all processes: caps are counted, and two counts at once would pass one by. */
const CLAIM_LOCK = 7_403_311;
const LONGEST_RUN_SECONDS = 6 * 3_600;
const LONGEST_PAUSE_SECONDS = 15 * 60;

/** pg-boss on the hub's own database, in a schema of its own, over the hub's own connections. */
export class PgBossQueue implements JobQueue {
  readonly backEnd = 'pg-boss';
  readonly #boss: PgBoss;
  readonly #sql: Sql;
  readonly #policy: QueuePolicy;

  private constructor(boss: PgBoss, by: { sql: Sql; policy: QueuePolicy }) {
    this.#boss = boss;
    this.#sql = by.sql;
    this.#policy = by.policy;
  }

  static async open(by: { sql: Sql; policy: QueuePolicy; log: Log }): Promise<PgBossQueue> {
    const { policy, log } = by;
    const boss = new PgBoss({
      db: over(by.sql),
      schema: SCHEMA,
      schedule: false,
      superviseIntervalSeconds: Math.ceil(policy.leaseSeconds / 4),
      monitorIntervalSeconds: Math.ceil(policy.leaseSeconds / 4),
    });
    boss.on('error', (err) => log.warn({ err }, 'the queue of hub-run work met an error'));
    await boss.start();
    const options = {
      policy: 'singleton',
      retryLimit: policy.attempts - 1,
      retryDelay: policy.pauseSeconds,
      retryBackoff: true,
      retryDelayMax: LONGEST_PAUSE_SECONDS,
      heartbeatSeconds: policy.leaseSeconds,
      expireInSeconds: LONGEST_RUN_SECONDS,
      retentionSeconds: DEAD_KEPT_SECONDS,
      deleteAfterSeconds: DEAD_KEPT_SECONDS,
    };
    await boss.createQueue(QUEUE, options);
    const { policy: _fixed, ...changeable } = options;
    await boss.updateQueue(QUEUE, changeable);
    return new PgBossQueue(boss, by);
  }

  async enqueue(work: readonly QueuedWork[], within?: TransactionSql): Promise<void> {
    const jobs = work.map(({ id, kind, lock, notBefore }) => {
      requireKind(this.#policy.caps, kind);
      return {
        ...{ id, data: { kind }, singletonKey: lock, group: { id: kind, tier: kind } },
        ...(notBefore && { startAfter: notBefore }),
      };
    });
    if (jobs.length > 0) await this.#boss.insert(QUEUE, jobs, within && { db: over(within) });
  }

  claim(most: number): Promise<readonly Claim[]> {
    return this.#sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${CLAIM_LOCK})`;
      const jobs = await this.#boss.fetch<{ kind: string }>(QUEUE, {
        batchSize: most,
        includeMetadata: true,
        groupConcurrency: { default: 1, tiers: { ...this.#policy.caps } },
        db: over(tx),
      });
      return jobs.map(({ id, data, retryCount }) => ({
        ...{ id, kind: data.kind, attempt: retryCount + 1, token: `${retryCount}` },
      }));
    });
  }

  async heartbeat(claim: Claim): Promise<boolean> {
    return touched(await this.#boss.touch(QUEUE, attemptOf(claim)));
  }

  /** Completed and deleted: another job of this id may follow, a retry by a person. */
  async complete(claim: Claim): Promise<boolean> {
    return await this.#sql.begin(async (tx) => {
      if (!touched(await this.#boss.complete(QUEUE, attemptOf(claim), null, { db: over(tx) }))) return false;
      return touched(await this.#boss.deleteJob(QUEUE, claim.id, { db: over(tx) }));
    });
  }

  async fail(claim: Claim, why: string): Promise<boolean> {
    return touched(await this.#boss.fail(QUEUE, attemptOf(claim), { why }));
  }

  async dead(limit: number): Promise<readonly DeadWork[]> {
    const rows = await this.#sql<{ id: string; kind: string; why: string | null }[]>`
      select id, data->>'kind' as kind, coalesce(output->>'why', (output #>> '{}')::jsonb->>'why',
        output->'value'->>'message') as why
      from ${this.#sql(SCHEMA)}.job where name = ${QUEUE} and state = 'failed' order by completed_on limit ${limit}`;
    return rows.map(({ id, kind, why }) => ({ id, kind, why: why ?? 'its lease ran out' }));
  }

  async discard(id: string): Promise<boolean> {
    return await this.#sql.begin(async (tx) => {
      if ((await this.#deadIn(tx, id)) === undefined) return false;
      return touched(await this.#boss.deleteJob(QUEUE, id, { db: over(tx) }));
    });
  }

  close(): Promise<void> {
    return this.#boss.stop({ graceful: false });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #deadIn(tx: TransactionSql, id: string): Promise<JobWithMetadata<{ kind: string }> | undefined> {
    const jobs = await this.#boss.findJobs<{ kind: string }>(QUEUE, { id, db: over(tx) });
    return jobs.find(({ state }) => state === 'failed');
  }
}

function attemptOf({ id, token }: Claim): JobAttempt {
  return { id, retryCount: Number(token) };
}

/** Its types leave out what it answers. */
function touched(response: CommandResponse): boolean {
  return 'affected' in response && Number(response.affected) > 0;
}

function over(sql: Sql | TransactionSql): Db {
  return {
    async executeSql(text, values = []) {
      const own = /^\s*begin\b/i.test(text) && 'reserve' in sql;
      const rows = own ? await alone(sql, text) : await sql.unsafe(text, values as never[]);
      // Several statements in one text answer with a list of lists.
      return { rows: Array.isArray(rows[0]) ? rows.flat() : [...rows] };
    },
  };
}

/** Its maintenance sends whole transactions as one text: on a connection that nobody else has meanwhile. */
async function alone(sql: Sql, text: string): Promise<readonly unknown[]> {
  const reserved = await sql.reserve();
  try {
    return await reserved.unsafe(text);
  } catch (error) {
    if (isRefusal(error)) await reserved.unsafe('rollback');
    throw error;
  } finally {
    reserved.release();
  }
}

/** The server refused a statement and is still there: on a connection that is gone, postgres.js throws past everybody. */
function isRefusal(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === 'PostgresError' && typeof code === 'string' && !code.startsWith('57P');
}
