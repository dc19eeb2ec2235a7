import { join } from 'node:path';
import {
  type EncodedMessage,
  encodeAgentMessage,
  equalBytes,
  type HubMessage,
  ProtocolError,
} from '@stoa/protocol';
import type { AgentOptions } from '#agent-options.ts';
import { describeError } from '#error.ts';
import type { IdentityStore } from '#identity/identity-store.ts';
import { FifoLane, joinLanes, NewestLane } from '#outbox/lanes.ts';
import type { Lane } from '#outbox/outbox.ts';
import { fit } from '#reports/text.ts';
import { OWN_HOST } from '#work/host-lock.ts';
import { JobDesk } from '#work/job-desk.ts';
import { Journal } from '#work/journal.ts';
import { LeaseBook } from '#work/lease-book.ts';
import { LogLane } from '#work/log-lane.ts';
import { LogStore } from '#work/log-store.ts';
import { isPaused, type Pause, readPause } from '#work/pause-file.ts';
import { PolicyFile } from '#work/policy-file.ts';
import { Results } from '#work/results.ts';
import { Slots } from '#work/slots.ts';
import { type WorkStatus, workStatus } from '#work/work-status.ts';

export interface WorkOptions
  extends Pick<AgentOptions, 'clock' | 'disk' | 'log' | 'config' | 'handlers' | 'benchmarks'> {
  store: IdentityStore;
  /** The latest proven time, ms. */
  timeFloor: () => number;
  /** The hub's clock, ms; undefined until one was heard. */
  hubNow: () => number | undefined;
  /** A lane has got something. */
  ready: () => void;
}

interface Parts {
  journal: Journal;
  results: Results;
  logs: LogStore;
  logLane: LogLane;
  policy: PolicyFile;
  pause: Pause;
}

const ACKS = 64;
/** Of a policy's fault in its frame. */
const FAULT_BYTES = 255;

/**
 * The work of this node: what it asks for, what it is doing, and what it has to tell. Its journal, results and logs lie
 * with the node's evidence, outside of any version's folder.
 */
export class Work {
  readonly lanes: Readonly<Record<'control' | 'results' | 'logs', Lane>>;
  readonly #options: WorkOptions;
  readonly #parts: Parts;
  readonly #acks = new FifoLane(ACKS);
  readonly #asks = new NewestLane();
  readonly #slots = new Slots();
  readonly #book: LeaseBook;
  readonly #desk: JobDesk;
  #pause: Pause;
  /** A session in which this node takes work. */
  #open = false;
  #stopped = false;
  /** An update is about to end this process. */
  #held = false;
  #fault: unknown;
  /** What was last said in this session, by what it is about. */
  readonly #said = new Map<string, Uint8Array>();

  private constructor(options: WorkOptions, parts: Parts) {
    const { store, clock, handlers, benchmarks = OWN_HOST } = options;
    this.#options = options;
    this.#parts = parts;
    this.#pause = parts.pause;
    this.#book = new LeaseBook(clock, () => this.#want('renew', () => this.#renewal()));
    this.#desk = new JobDesk({
      ...options,
      ...parts,
      handlers,
      benchmarks,
      store,
      policy: () => parts.policy.state,
      paused: () => this.paused,
      slots: this.#slots,
      book: this.#book,
      send: (message) => this.#send(message),
      changed: () => this.#ask(),
      failed: (error) => this.failed(error),
    });
    this.lanes = {
      control: joinLanes(this.#acks, this.#asks),
      results: parts.results.lane,
      logs: parts.logLane,
    };
  }

  /** What an earlier process left without a result is told as interrupted. @throws DiskError */
  static async open(options: WorkOptions): Promise<Work> {
    const { disk, clock, store, config } = options;
    const directory = join(store.nodeDirectory, 'work');
    // The parts are made before what they report to.
    let work: Work | undefined;
    const ready = (): void => options.ready();
    const failed = (error: unknown): void => work?.failed(error);
    const journal = await Journal.open(disk, join(directory, 'journal'));
    const results = await Results.open({ clock, disk, directory, store, journal, ready, failed });
    const logs = await LogStore.open({
      clock,
      disk,
      directory: join(directory, 'logs'),
      ready: () => work?.logGrown(),
      failed,
    });
    const logLane = new LogLane({ clock, disk, store: logs, ready, failed });
    const policy = await PolicyFile.open(disk, config.policyFile);
    const pause = await readPause(disk, store.directory);
    work = new Work(options, { journal, results, logs, logLane, policy, pause });
    for (const begun of journal.active.values()) work.#desk.recover(begun);
    return work;
  }

  get paused(): boolean {
    return isPaused(this.#pause, this.#options.clock.now());
  }

  /** Results that no hub has acknowledged. */
  get pending(): number {
    return this.#parts.results.pending;
  }

  get alarm(): boolean {
    return this.#parts.results.alarm;
  }

  get running(): number {
    return this.#book.held.length;
  }

  /** Takes no work while held; what runs goes on to its end. */
  hold(held: boolean): void {
    this.#held = held;
    this.#ask();
  }

  /** What could not be written last, until it could. */
  get fault(): unknown {
    return this.#fault;
  }

  /** A session stands. A stale copy, or a node that the hub does not know, takes no work. */
  opened({ quarantined }: { quarantined: boolean }): void {
    this.#slots.opened();
    this.#said.clear();
    if (quarantined) return;
    this.#open = true;
    this.#tellPolicy();
    this.#book.opened();
    this.#ask();
    this.#parts.results.lane.start();
    this.#parts.logLane.start();
  }

  lost(): void {
    this.#open = false;
    this.#acks.clear();
    this.#asks.clear();
    this.#book.closed();
    this.#parts.results.lane.stop();
    this.#parts.logLane.stop();
  }

  /** Whether the message was about work. @throws ProtocolError where it breaks the protocol. */
  message(message: HubMessage): boolean {
    switch (message.name) {
      case 'job':
        this.#desk.receive(message.value);
        return true;
      case 'leaseRenewed':
        this.#book.renewed(message.value);
        return true;
      case 'credit':
        this.#parts.logLane.credit(message.value);
        return true;
      case 'cancelJob':
        this.#desk.cancel(message.value, message.value.reason);
        return true;
      case 'jobReceipt':
        this.#parts.results.receipt(message.value).catch((error: unknown) => this.#receiptRefused(error));
        return true;
      default:
        return false;
    }
  }

  /** In the rhythm of heartbeats, and when somebody on this host asks: what was changed on disk, what can be tried again. */
  async look(): Promise<void> {
    const { disk, store, timeFloor } = this.#options;
    const { policy, results, journal } = this.#parts;
    this.#pause = await readPause(disk, store.directory);
    await policy.look();
    this.#tellPolicy();
    // A job that is asked for and can't be written down comes again and again: only a write that succeeds ends a fault.
    if (this.#fault === undefined) await journal.compact(timeFloor());
    else await journal.rewrite(timeFloor());
    this.#fault = undefined;
    results.lane.refill();
    this.#ask();
  }

  /** Ends what runs; resolves when that is told, or can't be. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.lost();
    await this.#desk.stop();
    await this.#parts.results.settled();
  }

  status(): WorkStatus {
    const { journal, results, logs, policy } = this.#parts;
    return workStatus({
      clock: this.#options.clock,
      paused: this.paused,
      pause: this.#pause,
      policy: policy.state,
      policyFile: this.#options.config.policyFile,
      held: this.#book.held,
      logs,
      told: journal.told,
      awaits: (number) => results.awaits(number),
      pending: results.pending,
      fault: this.#fault,
    });
  }

  logGrown(): void {
    this.#parts.logLane.refill();
  }

  /** Forged, of another region, or not to be written: the result stays in the spool. */
  #receiptRefused(error: unknown): void {
    if (error instanceof ProtocolError)
      this.#options.log.warn('job-receipt-refused', { ...describeError(error) });
    else this.failed(error);
  }

  /** Something could not be written. */
  failed(error: unknown): void {
    if (this.#stopped) return;
    this.#fault = error;
    this.#options.log.error('work-unwritten', { ...describeError(error) });
    this.#ask();
  }

  /** Nothing is asked for while what comes of it could not be kept. */
  get #idle(): boolean {
    const unkept = this.#fault !== undefined || this.alarm;
    return (
      this.paused || this.#held || this.#stopped || unkept || Object.keys(this.#options.handlers).length === 0
    );
  }

  #ask(): void {
    this.#wantOnce('ask', () => encodeAgentMessage('leaseRequest', this.#slots.request(this.#idle)));
  }

  #tellPolicy(): void {
    this.#wantOnce('policy', () => {
      const { text, fault } = this.#parts.policy.state;
      return encodeAgentMessage('workPolicy', {
        kinds: Object.keys(this.#options.handlers),
        policy: text,
        fault: fit(fault, FAULT_BYTES),
        paused: this.paused,
      });
    });
  }

  #renewal(): EncodedMessage | undefined {
    const renewal = this.#book.renewal();
    return renewal && encodeAgentMessage('leaseRenew', renewal);
  }

  /** What was said in this session already stands. */
  #wantOnce(what: string, make: () => EncodedMessage): void {
    this.#want(what, () => {
      const message = make();
      const said = this.#said.get(what);
      if (said !== undefined && equalBytes(said, message.payload)) return undefined;
      this.#said.set(what, message.payload);
      return message;
    });
  }

  #want(what: string, make: () => EncodedMessage | undefined): void {
    if (!this.#open) return;
    this.#asks.want(what, () => {
      const message = make();
      return message && { message };
    });
    this.#options.ready();
  }

  #send(message: EncodedMessage): void {
    if (!this.#open) return;
    this.#acks.offer(message);
    this.#options.ready();
  }
}
