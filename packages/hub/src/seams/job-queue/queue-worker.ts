import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { RareLog } from '../../rare-log.ts';
import type { Claim, JobQueue } from './job-queue.ts';

const IDLE_MS = 1_000;
const SAID_AGAIN_MS = 60_000;

/** @param signal aborted where the lease is lost or the worker stops. Throws to have it tried again later. */
export type RunWork = (claim: Claim, signal: AbortSignal) => Promise<void>;

/**
 * Takes work of a queue and runs up to `slots` pieces at once, each kept alive at a third of its lease. Idle, it asks once
 * a second; whenever a piece ends, at once.
 */
export class QueueWorker {
  readonly #queue: JobQueue;
  readonly #run: RunWork;
  readonly #slots: number;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #rarely: RareLog;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #asking: Promise<void> | undefined;
  #cancelNext: () => void = () => undefined;

  constructor(by: {
    queue: JobQueue;
    run: RunWork;
    slots: number;
    leaseSeconds: number;
    clock: Clock;
    log: Log;
  }) {
    this.#queue = by.queue;
    this.#run = by.run;
    this.#slots = by.slots;
    this.#leaseMs = by.leaseSeconds * 1_000;
    this.#clock = by.clock;
    this.#log = by.log;
    this.#rarely = new RareLog({ ...by, everyMs: SAID_AGAIN_MS });
  }

  get running(): number {
    return this.#underWay.size;
  }

  start(): void {
    this.#ask();
  }

  /** Takes no more, tells what runs to end, and waits for it: what did not end is queued again. */
  async close(): Promise<void> {
    this.#stopped.abort();
    this.#cancelNext();
    await this.#asking;
    await Promise.all(this.#underWay);
  }

  #ask(): void {
    if (this.#stopped.signal.aborted || this.#asking !== undefined) return;
    this.#cancelNext();
    this.#asking = this.#take()
      .catch((err: unknown) =>
        this.#rarely.write('warn', 'claim', {
          fields: { err },
          message: 'the queue of hub-run work does not answer; it is asked again',
        }),
      )
      .finally(() => {
        this.#asking = undefined;
        if (!this.#stopped.signal.aborted) this.#cancelNext = this.#clock.after(IDLE_MS, () => this.#ask());
      });
  }

  async #take(): Promise<void> {
    const free = this.#slots - this.#underWay.size;
    if (free <= 0) return;
    for (const claim of await this.#queue.claim(free)) {
      const run = this.#settle(claim).finally(() => {
        this.#underWay.delete(run);
        this.#ask();
      });
      this.#underWay.add(run);
    }
  }

  async #settle(claim: Claim): Promise<void> {
    const lost = new AbortController();
    const cancel = this.#keepAlive(claim, lost);
    try {
      await this.#run(claim, AbortSignal.any([lost.signal, this.#stopped.signal]));
      cancel();
      await this.#queue.complete(claim);
    } catch (error) {
      cancel();
      const why = error instanceof Error ? error.message : String(error);
      if (lost.signal.aborted) return;
      await this.#queue.fail(claim, why).catch((err: unknown) => {
        // Its lease ends, and somebody gets it again.
        this.#log.warn({ work: claim.id, err }, 'the end of hub-run work could not be noted');
      });
    }
  }

  #keepAlive(claim: Claim, lost: AbortController): () => void {
    let cancel = () => {};
    let ended = false;
    const next = () => {
      if (!ended) cancel = this.#clock.after(this.#leaseMs / 3, () => void beat());
    };
    const beat = async () => {
      // A store that is away for a moment is asked again: the fencing token, not this lease, prevents a double effect.
      const held = await this.#queue.heartbeat(claim).catch(() => true);
      if (held) next();
      else lost.abort(new Error('the lease of this work is lost'));
    };
    next();
    return () => {
      ended = true;
      cancel();
    };
  }
}
