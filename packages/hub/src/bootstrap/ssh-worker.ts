import { parseParams } from '@stoa/protocol';
import { type Claim, type JobQueue, QueueWorker } from '#seams/job-queue/index.ts';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import type { HubJob, HubJobEnd, HubWork } from '../jobs/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import { SSH_HANDLERS } from './handlers.ts';
import { JobNotes } from './job-notes.ts';
import { isSshKind, SSH_SLOTS, sshKindOf } from './kinds.ts';
import type { SpentSecrets } from './spent-secrets-store.ts';
import { type SshHandler, type SshKit, secretNames } from './ssh-job.ts';

const SWEEP_MS = 5_000;
const SWEPT = 500;

/** Runs SSH kinds of the queue, in the hub or on a host of its own. Any number of them may run. */
export class SshWorker {
  readonly #queue: JobQueue;
  readonly #work: HubWork;
  readonly #kit: SshKit;
  readonly #spent: SpentSecrets;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #handlers: Readonly<Record<string, SshHandler>>;
  readonly #worker: QueueWorker;

  constructor(by: {
    queue: JobQueue;
    leaseSeconds: number;
    work: HubWork;
    kit: SshKit;
    spent: SpentSecrets;
    clock: Clock;
    log: Log;
    handlers?: Readonly<Record<string, SshHandler>>;
  }) {
    this.#queue = by.queue;
    this.#work = by.work;
    this.#kit = by.kit;
    this.#spent = by.spent;
    this.#clock = by.clock;
    this.#log = by.log;
    this.#handlers = by.handlers ?? SSH_HANDLERS;
    this.#worker = new QueueWorker({
      ...by,
      slots: SSH_SLOTS,
      run: (claim, signal) => this.#run(claim, signal),
    });
  }

  start(): void {
    this.#worker.start();
  }

  /** Ends what runs at its next step; another worker goes on with it. */
  close(): Promise<void> {
    return this.#worker.close();
  }

  /**
   * Says that this worker lives, ends lost leases, forgets what was for jobs that are over, and queues again what the queue
   * lost: the table is the truth.
   */
  readonly sweep: Task = {
    name: 'ssh-sweep',
    periodMs: SWEEP_MS,
    tick: async () => {
      await this.#work.seen();
      await this.#work.expire();
      await this.#spent.forget();
      const waiting = await this.#work.waiting(SWEPT);
      if (waiting.length === 0) return;
      const wanted = new Set(waiting.map(({ jobId }) => jobId));
      const dead = (await this.#queue.dead(SWEPT)).filter(({ id }) => wanted.has(id));
      for (const { id } of dead) await this.#queue.discard(id);
      await this.#queue.enqueue(
        waiting.map(({ jobId, kind, nodeId }) => ({ id: jobId, kind, lock: nodeId })),
      );
    },
  };

  async #run(claim: Claim, stop: AbortSignal): Promise<void> {
    const row = await this.#work.take(claim.id);
    // Over, or under another's lease: the sweep queues it again if it ever waits again.
    if (row === undefined) return;
    const notes = new JobNotes({ row, work: this.#work, clock: this.#clock, stop });
    try {
      const end = await this.#attempt(row, notes);
      await notes.close();
      const settled = await this.#work.finish(row, end);
      if (settled === 'over') await this.#forget(row);
      if (settled === 'again') throw new Error(end.message);
    } finally {
      notes.end();
    }
  }

  async #attempt(row: HubJob, notes: JobNotes): Promise<HubJobEnd> {
    const handler = this.#handlers[row.kind];
    try {
      if (handler === undefined || !isSshKind(row.kind))
        throw new HubError('unknown_kind', `this worker does not know the kind '${row.kind}'`, {
          retry: true,
        });
      const params = parseParams(sshKindOf(row.kind).parameters, row.params);
      notes.say(`${row.kind}, attempt ${row.attempt}, for ${row.createdBy}`);
      const report = await handler(notes.job(params), this.#kit);
      return { state: 'succeeded', code: '', message: '', report };
    } catch (error) {
      if (notes.cancelled !== undefined)
        return { state: 'cancelled', code: 'cancelled', message: notes.cancelled };
      const end = endOf(error, notes);
      notes.say(`${end.code}: ${end.message}`);
      if (end.code === 'internal')
        this.#log.error({ job: row.jobId, err: error }, 'SSH work failed unforeseen');
      return end;
    }
  }

  /** What was only for this job. */
  async #forget({ jobId }: HubJob): Promise<void> {
    await this.#kit.vault.forget(secretNames.login(jobId));
    await this.#kit.vault.forget(secretNames.token(jobId));
  }
}

function endOf(error: unknown, notes: JobNotes): HubJobEnd {
  if (notes.stopped)
    return { state: 'failed', code: 'interrupted', message: 'the worker stopped', retry: true };
  if (error instanceof HubError)
    return { state: 'failed', code: error.code, message: error.message, retry: error.retry };
  return { state: 'failed', code: 'internal', message: 'a fault inside the hub; its log has the cause' };
}
