import { randomUUID } from 'node:crypto';
import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
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
import { RedisLocks } from './redis-locks.ts';

const PREFIX = 'stoa-hub';
/** Work whose lock was taken is looked at again after this. */
const LOCKED_AGAIN_MS = 1_000;
/** Pieces of one kind that a claim may find locked before it looks elsewhere. */
const LOCKED_LOOKS = 32;
/** What BullMQ says of a lease that is no longer ours: gone, without lock, in another state, of another token. */
const LOST = new Set([-1, -2, -3, -6]);

interface Lane {
  readonly queue: Queue<{ lock: string }>;
  readonly worker: Worker<{ lock: string }>;
}

/** BullMQ on Redis: a queue for each kind, whose cap is the queue's; locks of nodes are keys of their own. */
export class BullMqQueue implements JobQueue {
  readonly backEnd = 'bullmq';
  readonly #policy: QueuePolicy;
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #locks: RedisLocks;
  /** Claims of this process, with what it takes to end them. */
  readonly #held = new Map<string, Job<{ lock: string }>>();
  #turn = 0;

  private constructor(redis: Redis, lanes: ReadonlyMap<string, Lane>, policy: QueuePolicy) {
    this.#lanes = lanes;
    this.#policy = policy;
    this.#locks = new RedisLocks(redis, { prefix: `${PREFIX}:lock:`, leaseMs: policy.leaseSeconds * 1_000 });
  }

  static async open(by: { url: string; policy: QueuePolicy; log: Log }): Promise<BullMqQueue> {
    const { policy, log } = by;
    // Commands fail while Redis is away, rather than wait for it: whoever asked asks again.
    const redis = new Redis(by.url, { maxRetriesPerRequest: 1, enableOfflineQueue: true });
    const blocking = new Redis(by.url, { maxRetriesPerRequest: null });
    const said = (err: unknown) => log.warn({ err }, 'the queue of hub-run work met an error');
    redis.on('error', said);
    blocking.on('error', said);
    const lanes = new Map<string, Lane>();
    for (const [kind, cap] of Object.entries(policy.caps)) {
      const queue = new Queue<{ lock: string }>(kind, { connection: redis, prefix: PREFIX });
      const worker = new Worker<{ lock: string }>(kind, null, {
        ...{ connection: blocking, prefix: PREFIX, autorun: false },
        lockDuration: policy.leaseSeconds * 1_000,
        stalledInterval: (policy.leaseSeconds * 1_000) / 4,
        maxStalledCount: policy.attempts - 1,
      });
      queue.on('error', said);
      worker.on('error', said);
      await queue.setGlobalConcurrency(cap);
      await worker.startStalledCheckTimer();
      lanes.set(kind, { queue, worker });
    }
    const opened = new BullMqQueue(redis, lanes, policy);
    opened.#closers.push(
      () => blocking.disconnect(),
      () => redis.disconnect(),
    );
    return opened;
  }

  readonly #closers: (() => void)[] = [];

  async enqueue(work: readonly QueuedWork[]): Promise<void> {
    for (const { kind } of work) requireKind(this.#policy.caps, kind);
    const { attempts, pauseSeconds } = this.#policy;
    for (const [kind, those] of Map.groupBy(work, ({ kind }) => kind))
      await this.#lane(kind).queue.addBulk(
        those.map(({ id, lock, notBefore }) => ({
          name: kind,
          data: { lock },
          opts: {
            jobId: id,
            delay: notBefore === undefined ? 0 : Math.max(0, notBefore.getTime() - Date.now()),
            attempts,
            backoff: { type: 'exponential', delay: pauseSeconds * 1_000 },
            removeOnComplete: true,
            removeOnFail: { age: DEAD_KEPT_SECONDS },
          },
        })),
      );
  }

  /** Kinds take turns, so that none starves behind another. */
  async claim(most: number): Promise<readonly Claim[]> {
    const kinds = [...this.#lanes.keys()];
    this.#turn += 1;
    const claims: Claim[] = [];
    const open = new Set(kinds);
    for (let at = this.#turn; open.size > 0 && claims.length < most; at += 1) {
      const kind = kinds[at % kinds.length]!;
      if (!open.has(kind)) continue;
      const claim = await this.#claimOf(kind);
      if (claim === undefined) open.delete(kind);
      else claims.push(claim);
    }
    return claims;
  }

  async heartbeat(claim: Claim): Promise<boolean> {
    const job = this.#held.get(claim.token);
    if (job === undefined) return false;
    const held = await this.#unlessLost(() => job.extendLock(claim.token, this.#policy.leaseSeconds * 1_000));
    return held && (await this.#locks.keep(job.data.lock, claim.token));
  }

  async complete(claim: Claim): Promise<boolean> {
    return await this.#end(claim, (job) => job.moveToCompleted(undefined, claim.token, false));
  }

  async fail(claim: Claim, why: string): Promise<boolean> {
    return await this.#end(claim, (job) => job.moveToFailed(new Error(why), claim.token));
  }

  async dead(limit: number): Promise<readonly DeadWork[]> {
    const found = await Promise.all(
      [...this.#lanes].map(async ([kind, { queue }]) =>
        (await queue.getFailed(0, limit - 1)).map((job) => ({
          work: { id: job.id ?? '', kind, why: job.failedReason ?? '' },
          at: job.finishedOn ?? 0,
        })),
      ),
    );
    return found
      .flat()
      .sort((a, b) => a.at - b.at)
      .slice(0, limit)
      .map(({ work }) => work);
  }

  async discard(id: string): Promise<boolean> {
    const job = await this.#deadJob(id);
    await job?.remove();
    return job !== undefined;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#lanes.values()].flatMap(({ queue, worker }) => [worker.close(true), queue.close()]),
    );
    for (const close of this.#closers) close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #claimOf(kind: string): Promise<Claim | undefined> {
    const { worker } = this.#lane(kind);
    for (let look = 0; look < LOCKED_LOOKS; look += 1) {
      const token = randomUUID();
      const job = await worker.getNextJob(token, { block: false });
      if (job?.id === undefined) return undefined;
      if (await this.#locks.take(job.data.lock, token)) {
        this.#held.set(token, job);
        return { id: job.id, kind, token, attempt: job.attemptsMade + job.stalledCounter + 1 };
      }
      await job.moveToDelayed(Date.now() + LOCKED_AGAIN_MS, token);
    }
    return undefined;
  }

  async #end(claim: Claim, how: (job: Job<{ lock: string }>) => Promise<unknown>): Promise<boolean> {
    const job = this.#held.get(claim.token);
    if (job === undefined) return false;
    const ended = await this.#unlessLost(() => how(job));
    this.#held.delete(claim.token);
    await this.#locks.release(job.data.lock, claim.token);
    return ended;
  }

  async #unlessLost(act: () => Promise<unknown>): Promise<boolean> {
    try {
      return (await act()) !== 0;
    } catch (error) {
      if (LOST.has(Number((error as { code?: unknown }).code))) return false;
      throw error;
    }
  }

  async #deadJob(id: string): Promise<Job<{ lock: string }> | undefined> {
    const jobs = await Promise.all([...this.#lanes.values()].map(({ queue }) => queue.getJob(id)));
    const job = jobs.find((each) => each !== undefined);
    return job !== undefined && (await job.isFailed()) ? job : undefined;
  }

  #lane(kind: string): Lane {
    requireKind(this.#policy.caps, kind);
    return this.#lanes.get(kind)!;
  }
}
