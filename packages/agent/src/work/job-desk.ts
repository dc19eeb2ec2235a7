import {
  type EncodedMessage,
  encodeAgentMessage,
  isKindName,
  type Job,
  type JobMessage,
  jobKind,
  kindOf,
  ProtocolError,
  peek,
} from '@stoa/protocol';
import { type Clock, sleep } from '#clock.ts';
import type { Disk } from '#disk.ts';
import type { Log } from '#log.ts';
import { type Admitted, Gatekeeper, type GatekeeperOptions } from '#work/gatekeeper.ts';
import type { HostLock } from '#work/host-lock.ts';
import { JobError } from '#work/job-error.ts';
import { digestOf } from '#work/job-log.ts';
import type { Begun } from '#work/journal.ts';
import { type Lease, leaseOf, ownMessage } from '#work/lease.ts';
import type { Held, LeaseBook } from '#work/lease-book.ts';
import type { LogStore } from '#work/log-store.ts';
import type { Outcome, Results } from '#work/results.ts';
import { CUT, faultOf, Runner, type Verdict } from '#work/runner.ts';
import { type SlotClass, type Slots, slotOf } from '#work/slots.ts';

export interface JobDeskOptions extends GatekeeperOptions {
  clock: Clock;
  disk: Disk;
  log: Log;
  slots: Slots;
  book: LeaseBook;
  results: Results;
  logs: LogStore;
  benchmarks: HostLock;
  send: (message: EncodedMessage) => void;
  /** A slot is free, or was taken. */
  changed: () => void;
  /** Something could not be written: no more work is asked for until it can. */
  failed: (error: unknown) => void;
}

/** A disk that took no result is asked again. */
const RETRY_MS = 60_000;
const NO_ORDER = new Uint8Array(16);

/**
 * A job from its frame to its result:
 *
 *     received -> slot taken -> authenticated -> seen before?  -> its stored result, told again
 *                                             -> admitted?     -> no: refused, told
 *                                             -> journaled -> acknowledged -> run -> told -> slot free
 *
 * Nothing is said before it is on disk. What can't be written is not begun; a result that can't be written holds its
 * slot until it can.
 */
export class JobDesk {
  readonly #options: JobDeskOptions;
  readonly #gate: Gatekeeper;
  readonly #runner: Runner;
  readonly #stopping = new AbortController();
  readonly #work = new Set<Promise<void>>();

  constructor(options: JobDeskOptions) {
    this.#options = options;
    this.#gate = new Gatekeeper(options);
    this.#runner = new Runner(options);
  }

  /** @throws ProtocolError for a job that was not asked for, or that can't be told by its kind to have been. */
  receive(frame: JobMessage): void {
    const claimed = peek(jobKind, frame.sealed);
    if (!isKindName(claimed.kind))
      throw new ProtocolError('malformed', `a job of kind '${claimed.kind}', which this agent did not offer`);
    const slot = slotOf(kindOf(claimed.kind));
    this.#options.slots.received(slot);
    this.#track(this.#take(ownMessage(frame)));
  }

  /** What an earlier process began and left without a result. */
  recover(begun: Begun): void {
    this.#track(this.#interrupted(begun));
  }

  cancel(lease: Lease, reason: string): void {
    const held = this.#options.book.find(lease);
    const running = held !== undefined && held.lease.fencingToken === lease.fencingToken;
    if (running) held.cut(CUT.cancelled(reason));
    this.#options.send(encodeAgentMessage('cancelAck', { ...leaseOf(lease), running }));
  }

  /** Resolves when all that runs has ended and is told, or can't be. */
  async stop(): Promise<void> {
    this.#stopping.abort(CUT.stopping());
    for (const held of this.#options.book.held) held.cut(CUT.stopping());
    await Promise.all(this.#work);
  }

  #track(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => this.#work.delete(done));
    this.#work.add(done);
  }

  async #take(message: JobMessage): Promise<void> {
    const { clock, book } = this.#options;
    const claimed = peek(jobKind, message.sealed);
    const known = book.find(claimed);
    if (known !== undefined) return this.#acknowledgeAgain(known, claimed);
    const cut = new AbortController();
    const held: Held = {
      lease: leaseOf(claimed),
      kind: claimed.kind,
      slot: slotOfName(claimed.kind),
      since: clock.monotonic(),
      leaseMs: claimed.leaseMs,
      journaled: false,
      progress: { percent: undefined, step: '' },
      cut: (reason) => cut.abort(reason),
    };
    await this.#holding(held, async () => {
      const admitted = await this.#begin(held, message);
      return admitted && this.#run(held, { admitted, message, signal: cut.signal });
    });
  }

  /** A slot and a lease for as long as the task takes, and the slot until what it left behind is gone too. */
  async #holding(held: Held, task: () => Promise<Leftover | undefined>): Promise<void> {
    const { slots, book, changed } = this.#options;
    slots.occupy(held.slot);
    book.add(held);
    let leftover: Leftover | undefined;
    try {
      leftover = await task();
    } finally {
      book.remove(held);
      await leftover?.gone;
      slots.release(held.slot);
      changed();
    }
  }

  /** The same lease came twice: it is answered once it is on disk, and run once. */
  #acknowledgeAgain(known: Held, { fencingToken }: Lease): void {
    known.lease = { ...known.lease, fencingToken: Math.max(known.lease.fencingToken, fencingToken) };
    if (known.journaled) this.#acknowledge(known.lease);
    this.#options.changed();
  }

  /** Undefined where the job is settled without being run. */
  async #begin(held: Held, message: JobMessage): Promise<Admitted | undefined> {
    const { journal, timeFloor } = this.#options;
    const claimed = peek(jobKind, message.sealed);
    try {
      const job = this.#gate.authenticate(message);
      if (await this.#toldBefore(job)) return undefined;
      this.#supersede(job);
      const admitted = this.#gate.admit(job, message.order);
      const order = admitted.order?.order;
      await journal.begin({
        ...held.lease,
        kind: job.kind,
        idempotencyKey: job.idempotencyKey,
        orderId: order?.orderId ?? NO_ORDER,
        expiresAt: order?.expiresAt ?? 0,
        counted: admitted.counted,
        at: timeFloor(),
      });
      held.journaled = true;
      this.#acknowledge(held.lease);
      return admitted;
    } catch (error) {
      if (!(error instanceof JobError)) throw error;
      this.#options.log.warn('job-refused', { kind: claimed.kind, code: error.code, message: error.message });
      const verdict: Verdict = { outcome: 'refused', ...faultOf(error.code, error.message) };
      const outcome = await this.#outcomeOf(claimed, verdict, NO_ORDER, held);
      await this.#tell(outcome, NO_ORDER, () => this.#acknowledge(held.lease));
      return undefined;
    }
  }

  /** F10: a job that comes again is answered by what it came to, and an effect that was had is not had twice. */
  async #toldBefore(job: Job): Promise<boolean> {
    const { journal, results } = this.#options;
    const same = journal.toldOf(job);
    const told = same ?? journal.successOf(job.idempotencyKey);
    if (told === undefined) return false;
    if (same !== undefined && results.awaits(same.result.number)) this.#acknowledge(job);
    else {
      const { nodeId: _nodeId, number: _number, previous: _previous, ...outcome } = told.result;
      await this.#tell({ ...outcome, ...leaseOf(job) }, job.idempotencyKey, () => this.#acknowledge(job));
    }
    return true;
  }

  /** One attempt at a job at a time: the one that the hub leased last. */
  #supersede(job: Job): void {
    for (const rival of this.#options.book.rivals(job)) {
      if (rival.lease.fencingToken > job.fencingToken)
        throw new JobError('lease_stale', `attempt ${rival.lease.attempt} has a later lease`);
      rival.cut(CUT.leaseLost());
    }
  }

  async #run(
    held: Held,
    { admitted, message, signal }: { admitted: Admitted; message: JobMessage; signal: AbortSignal },
  ): Promise<Leftover> {
    const { logs, book, log } = this.#options;
    const { job, order } = admitted;
    const lines = logs.begin(held.lease);
    const { verdict, gone } = this.#runner.start({
      admitted,
      message,
      signal,
      log: lines,
      progress: (progress) => book.progressed(held, progress),
    });
    const came = await verdict;
    await lines.end();
    logs.end(held.lease);
    log.info('job-ended', { kind: job.kind, outcome: came.outcome, code: came.code });
    const outcome = await this.#outcomeOf(job, came, order?.order.orderId ?? NO_ORDER, held);
    await this.#tell(outcome, job.idempotencyKey);
    return { gone };
  }

  async #interrupted(begun: Begun): Promise<void> {
    const { clock } = this.#options;
    const held: Held = {
      lease: leaseOf(begun),
      kind: begun.kind,
      slot: slotOfName(begun.kind),
      since: clock.monotonic(),
      leaseMs: 0,
      journaled: true,
      progress: { percent: undefined, step: '' },
      // Its process is gone: there is nothing to end.
      cut: () => undefined,
    };
    const verdict: Verdict = {
      outcome: 'interrupted',
      ...faultOf('agent_ended', 'the agent ended while this job ran: what it has done is not known'),
    };
    await this.#holding(held, async () => {
      await this.#tell(await this.#outcomeOf(begun, verdict, begun.orderId), begun.idempotencyKey);
      return undefined;
    });
  }

  async #outcomeOf(
    { kind, ...lease }: Lease & { kind: string },
    verdict: Verdict,
    orderId: Uint8Array,
    held?: Held,
  ): Promise<Outcome> {
    const { clock, disk, logs } = this.#options;
    const durationMs = held === undefined ? 0 : Math.round(clock.monotonic() - held.since);
    const digest = await digestOf(disk, logs.pathOf(lease));
    return { ...leaseOf(held?.lease ?? lease), kind, ...verdict, durationMs, ...digest, orderId };
  }

  /** Until it is on disk, or the agent stops: then the journal tells the next process that it was begun. */
  async #tell(outcome: Outcome, idempotencyKey: Uint8Array, kept?: () => void): Promise<void> {
    const { clock, results, failed } = this.#options;
    for (;;) {
      try {
        return await results.tell(outcome, idempotencyKey, kept);
      } catch (error) {
        failed(error);
        await sleep(clock, RETRY_MS, this.#stopping.signal);
      }
    }
  }

  #acknowledge(lease: Lease): void {
    this.#options.send(encodeAgentMessage('jobAck', leaseOf(lease)));
  }
}

/** What a job that was told still has under way. */
interface Leftover {
  readonly gone: Promise<void>;
}

/** Of a kind that a newer version knew: as if it changed the host. */
function slotOfName(kind: string): SlotClass {
  return isKindName(kind) ? slotOf(kindOf(kind)) : 'mutating';
}
