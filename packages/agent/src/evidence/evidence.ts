import { join } from 'node:path';
import {
  type AgentDescription,
  type EncodedMessage,
  encodeAgentMessage,
  type Heartbeat,
  hasCapability,
  MINUTES_MASK,
  ProtocolError,
  type ProvenReceipt,
  type Random,
  type Tip,
  type Welcome,
} from '@stoa/protocol';
import type { Clock, Timer } from '#clock.ts';
import type { Disk } from '#disk.ts';
import { describeError } from '#error.ts';
import { CheckpointChain } from '#evidence/checkpoint-chain.ts';
import { HourJournal } from '#evidence/hour-journal.ts';
import { HourLogs, LOG_DAYS } from '#evidence/hour-logs.ts';
import { HOUR_MS, HubTime, hourOf, MINUTE_MS } from '#evidence/hub-time.ts';
import { readReceipt, type SealedReceipt } from '#evidence/receipt.ts';
import { NO_RECEIPT, ReceiptLog } from '#evidence/receipt-log.ts';
import { SettledReceipts } from '#evidence/settled-receipts.ts';
import { SpokenMinute } from '#evidence/spoken-minute.ts';
import type { IdentityStore } from '#identity/identity-store.ts';
import type { Log } from '#log.ts';
import { Spool } from '#outbox/spool.ts';
import { SpoolLane } from '#outbox/spool-lane.ts';
import { uniform } from '#random.ts';

export interface EvidenceOptions {
  clock: Clock;
  random: Random;
  disk: Disk;
  log: Log;
  store: IdentityStore;
  /** Of this process. */
  bootId: Uint8Array;
  /** Days that the node's own log goes back; 40 unless given, 0: it keeps none. */
  logDays?: number | undefined;
  /** The results lane has something to send. */
  ready: () => void;
}

/** After an hour's end by the hub's clock: 200,000 checkpoints must not come at once, and none too early. */
const SPREAD_MS = { least: 5_000, most: 300_000 };
/** Hours that passed without a hub are closed soon after it is heard again. */
const LATE_MS = { least: 1_000, most: 30_000 };
/** A disk that took no checkpoint is asked again. */
const RETRY_MS = 60_000;
/** Hours that a checkpoint may lie back; then the hub takes it no more, and it stays the node's own word. */
const HOURS_OPEN = 24;
/** Answers to what was answered before that are kept: a hub reads an hour again five times at most. All of them cost disk for ever. */
const REVISIONS_A_DAY = 5 * 24;
const DAY_MS = 24 * HOUR_MS;

type SessionTerms = Pick<Welcome, 'sessionId' | 'hubTime' | 'heartbeatMs' | 'quarantined'>;

interface Parts {
  journal: HourJournal;
  logs: HourLogs;
  spool: Spool;
  chain: CheckpointChain;
  receipts: ReceiptLog;
  settled: SettledReceipts;
}

/**
 * The node's side of what it earns: which minutes the hub acknowledged; a signed and chained checkpoint of every hub
 * hour in which this process ran (offline ones too, with no minutes), sent until its receipt is here; and both kept, with the
 * node's own log of what it said.
 */
export class Evidence {
  /** Checkpoints on their way to the hub. */
  readonly lane: SpoolLane;
  readonly hubTime: HubTime;
  readonly #options: EvidenceOptions;
  readonly #parts: Parts;
  readonly #spoken: SpokenMinute;
  #sessionId: Uint8Array | undefined;
  #timer: Timer | undefined;
  #work: Promise<void> = Promise.resolve();
  #fault: unknown;
  /** Of the day of the node's own clock. */
  #revisions = { day: 0, count: 0 };
  #stopped = false;

  private constructor(options: EvidenceOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    const { clock, store, ready, logDays = LOG_DAYS } = options;
    this.#spoken = new SpokenMinute((spoken) => {
      if (logDays > 0 && spoken.hubHour > parts.chain.head.hubHour) parts.journal.log(spoken);
    });
    this.hubTime = new HubTime(clock, () => store.floors.timeFloor);
    this.lane = new SpoolLane({
      clock,
      spool: parts.spool,
      frame: (sealed, number) =>
        number <= parts.chain.head.number ? encodeAgentMessage('checkpoint', { sealed }) : undefined,
      ready,
      failed: (error) => this.#failed('checkpoint-unread', error),
    });
  }

  /** @throws RecordDamagedError, DiskError */
  static async open(options: EvidenceOptions): Promise<Evidence> {
    const { disk, clock, bootId, store, logDays = LOG_DAYS } = options;
    const directory = join(store.nodeDirectory, 'evidence');
    const startedMs = clock.monotonic();
    const journal = await HourJournal.open({
      disk,
      path: join(directory, 'hours'),
      bootId,
      uptimeMs: () => clock.monotonic() - startedMs,
    });
    const spool = await Spool.open({ disk, directory: join(directory, 'spool') });
    const chain = await CheckpointChain.open(disk, directory, spool);
    await journal.forgetUpTo(chain.head.hubHour);
    const receipts = new ReceiptLog(disk, join(directory, 'log'));
    const logs = new HourLogs(disk, join(directory, 'hour-logs'), logDays);
    const settled = await SettledReceipts.open(options, directory);
    return new Evidence(options, { journal, logs, spool, chain, receipts, settled });
  }

  /** What went wrong last, until it went right again; and whether the spool is about to be full. */
  get health(): { fault: unknown; alarm: boolean; pending: number } {
    const { spool, chain } = this.#parts;
    return { fault: this.#fault, alarm: spool.alarm, pending: chain.pending.length };
  }

  /** A session stands. A stale copy or an unknown node makes its checkpoints, but sends none. */
  opened({ sessionId, hubTime, heartbeatMs, quarantined }: SessionTerms): void {
    this.#sessionId = sessionId;
    if (this.#observe(hubTime)) this.#spoken.opened(hubTime, { sessionId, heartbeatMs });
    if (!quarantined) this.lane.start();
  }

  /** Frames can be sent in the session: what is settled is asked for, there and after each receipt. */
  askSettled(
    { quarantined, capabilities }: Pick<Welcome, 'quarantined' | 'capabilities'>,
    send: (message: EncodedMessage) => void,
  ): void {
    if (!quarantined && hasCapability(capabilities, 'receipts')) this.#parts.settled.opened(send);
  }

  lost(): void {
    this.#sessionId = undefined;
    this.lane.stop();
    this.#parts.settled.lost();
  }

  /** The hub answered a frame of ours. */
  acknowledged(hubTime: number): void {
    const { journal, chain } = this.#parts;
    if (this.#sessionId === undefined || !this.#observe(hubTime)) return;
    this.#spoken.acknowledged(hubTime);
    this.#parts.settled.goOn();
    this.lane.refill();
    if (hourOf(hubTime) <= chain.head.hubHour) return;
    journal.mark(hubTime, this.#sessionId).then(
      () => this.#succeeded(),
      (error: unknown) => this.#failed('minute-unwritten', error),
    );
  }

  /** Tips were sent. @param payload As a tip report has them. */
  sentTips(tips: readonly Tip[], payload: Uint8Array): void {
    const now = this.hubTime.now;
    if (now === undefined) return;
    this.#parts.journal.addTips(now, payload);
    this.#spoken.tips(now, tips);
  }

  sentHeartbeat(heartbeat: Heartbeat): void {
    const now = this.hubTime.now;
    if (now !== undefined) this.#spoken.beat(now, heartbeat);
  }

  sentDescription(description: AgentDescription): void {
    const now = this.hubTime.now;
    if (now !== undefined) this.#spoken.described(now, description);
  }

  /** Verified, logged, and only then taken off the spool. */
  receipt(from: SealedReceipt): void {
    this.#run('receipt-unwritten', () => this.#take(from));
  }

  /** Verified down from the root, and kept. */
  settled(proven: ProvenReceipt): void {
    const { settled } = this.#parts;
    if (settled.expects()) this.#run('settled-receipt-unwritten', () => settled.take(proven));
  }

  /** What is being written is waited for; nothing is begun any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.lost();
    this.#spoken.end();
    this.#run('log-unwritten', () => this.#parts.journal.flush());
    await this.#work;
  }

  #observe(hubTime: number): boolean {
    if (!this.hubTime.observe(hubTime)) {
      this.#options.log.warn('evidence-time-refused', {
        hubTime,
        proven: this.#options.store.floors.timeFloor,
      });
      return false;
    }
    if (this.#timer === undefined && !this.#stopped) this.#arm();
    return true;
  }

  #arm(retryMs?: number): void {
    const { clock, random } = this.#options;
    const now = this.hubTime.now;
    if (now === undefined || this.#stopped) return;
    const nextMs = (hourOf(now) + 1) * HOUR_MS - now + uniform(random, SPREAD_MS.least, SPREAD_MS.most);
    const lateMs = uniform(random, LATE_MS.least, LATE_MS.most);
    const delayMs = retryMs ?? (this.#due().length > 0 ? lateMs : nextMs);
    this.#timer?.cancel();
    this.#timer = clock.after(Math.ceil(delayMs), () =>
      this.#run('checkpoint-unwritten', () => this.#close()),
    );
  }

  /** Hours that are over and have no checkpoint: those in which this process ran, and those it found in the journal. */
  #due(): number[] {
    const { journal, chain } = this.#parts;
    const { now, startedAt } = this.hubTime;
    if (now === undefined || startedAt === undefined) return [];
    const hours = new Set(journal.hubHours);
    // Started in the last minute of an hour, by a clock that is known to a round trip: none of it can count.
    const first = hourOf(startedAt + MINUTE_MS);
    for (let hour = Math.max(first, chain.head.hubHour + 1); hour < hourOf(now); hour += 1) hours.add(hour);
    return [...hours].filter((hour) => hour < hourOf(now) && hour > chain.head.hubHour).sort((a, b) => a - b);
  }

  async #close(): Promise<void> {
    const { journal, chain, logs } = this.#parts;
    const { store, bootId } = this.#options;
    this.#spoken.turn(this.hubTime.now ?? 0);
    try {
      for (const hubHour of this.#due()) {
        const hour = journal.get(hubHour);
        const ranMs = (hubHour + 1) * HOUR_MS - this.hubTime.startedAt!;
        // An hour that ended before this process started is told as the one before it left it.
        const witness = ranMs > 0 ? { bootId, uptimeMs: Math.floor(ranMs) } : {};
        const log = journal.logOf(hubHour);
        const inputsDigest = log ? await logs.keep(log) : hour.inputsDigest;
        const minutes = hour.minutes & MINUTES_MASK;
        await chain.add({ ...hour, ...witness, inputsDigest, minutes, nodeId: store.nodeId }, store.key);
        await journal.forgetUpTo(hubHour);
      }
      await this.#archive();
      this.#succeeded();
      this.#arm();
    } catch (error) {
      this.#arm(RETRY_MS);
      throw error;
    }
    this.lane.refill();
  }

  /** What the hub takes no more is kept without a receipt. */
  async #archive(): Promise<void> {
    const { chain, receipts } = this.#parts;
    const oldest = hourOf(this.hubTime.now ?? 0) - HOURS_OPEN;
    for (const link of chain.pending.filter(({ hubHour }) => hubHour < oldest)) {
      const checkpoint = await chain.read(link);
      if (checkpoint) await receipts.append(link.hubHour, { checkpoint, receipt: NO_RECEIPT });
      await chain.settle(link);
      this.#options.log.warn('checkpoint-without-receipt', { hubHour: link.hubHour, number: link.number });
    }
  }

  async #take(from: SealedReceipt): Promise<void> {
    const { chain, receipts, settled } = this.#parts;
    const receipt = readReceipt(from, this.#options.store);
    const link = chain.find(receipt.checkpoint);
    // Sent twice, answered twice.
    if (link === undefined && (receipt.revision === 0 || !this.#keepsRevision())) return;
    const checkpoint = (link && (await chain.read(link))) ?? new Uint8Array();
    await receipts.append(receipt.hubHour, { checkpoint, receipt: from });
    if (link) await chain.settle(link);
    this.lane.refill();
    await settled.askAfter(receipt.hubHour);
  }

  /** By the node's own clock: the hub's is that of whom it is to be bounded by. */
  #keepsRevision(): boolean {
    const { clock, log } = this.#options;
    const day = Math.floor(clock.monotonic() / DAY_MS);
    const count = (this.#revisions.day === day ? this.#revisions.count : 0) + 1;
    this.#revisions = { day, count };
    if (count === REVISIONS_A_DAY + 1) log.warn('receipt-revisions-refused', { kept: REVISIONS_A_DAY });
    return count <= REVISIONS_A_DAY;
  }

  /** One after the other. */
  #run(what: string, task: () => Promise<void>): void {
    this.#work = this.#work.then(task).catch((error: unknown) => this.#failed(what, error));
  }

  #succeeded(): void {
    this.#fault = undefined;
  }

  #failed(what: string, error: unknown): void {
    const { code, message } = describeError(error);
    // A receipt that does not verify is the hub's fault, not this node's.
    if (!(error instanceof ProtocolError)) this.#fault = error;
    this.#options.log.error(what, { code, message });
  }
}
