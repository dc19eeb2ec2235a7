import { type Credit, type EncodedMessage, encodeAgentMessage, LIMITS } from '@stoa/protocol';
import type { Clock, Timer } from '#clock.ts';
import type { Disk } from '#disk.ts';
import type { Lane, Outgoing } from '#outbox/outbox.ts';
import { FIRST_WINDOW, type LogStore, type StoredLog } from '#work/log-store.ts';

export interface LogLaneOptions {
  clock: Clock;
  disk: Disk;
  store: LogStore;
  /** A chunk was read: the outbox should look again. */
  ready: () => void;
  failed: (error: unknown) => void;
}

const MINUTE_MS = 60_000;

/**
 * Sends logs as the hub takes them: within each log's window, a chunk of each in turn, and no more a minute than a node
 * may. A chunk is read when the last one is gone, so a slow hub costs no memory here.
 */
export class LogLane implements Lane {
  readonly #options: LogLaneOptions;
  #next: EncodedMessage | undefined;
  #reading = false;
  #open = false;
  /** Logs in turn: the one that sent last waits for the others. */
  #turn = 0;
  #spent: { at: number; bytes: number }[] = [];
  #timer: Timer | undefined;

  constructor(options: LogLaneOptions) {
    this.#options = options;
  }

  /** A session stands: each log goes on where the hub had it, as far as it is known, and asks by its first chunk. */
  start(): void {
    for (const log of this.#options.store.logs) {
      log.sent = log.stored;
      log.window = FIRST_WINDOW;
    }
    this.#next = undefined;
    this.#open = true;
    this.refill();
  }

  stop(): void {
    this.#open = false;
    this.#next = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  credit({ jobId, attempt, stored, window }: Credit): void {
    const { store } = this.#options;
    const log = store.find({ jobId, attempt });
    if (log === undefined) return;
    // A hub that has less than it said, or more than was sent, goes by its own count.
    if (stored < log.stored || stored > log.sent) log.sent = Math.min(stored, log.size);
    log.stored = Math.min(stored, log.size);
    log.window = window;
    store.settle(log);
    this.refill();
  }

  take(): Outgoing | undefined {
    const message = this.#next;
    this.#next = undefined;
    if (message === undefined) this.refill();
    else return { message, sent: () => this.refill() };
    return undefined;
  }

  /** Call when a log has grown. */
  refill(): void {
    if (!this.#open || this.#reading || this.#next !== undefined || !this.#allowed()) return;
    const log = this.#due();
    if (log === undefined) return;
    this.#reading = true;
    this.#read(log)
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => {
        this.#reading = false;
        if (this.#next !== undefined) this.#options.ready();
      });
  }

  #due(): StoredLog | undefined {
    const { logs } = this.#options.store;
    for (let step = 1; step <= logs.length; step += 1) {
      const at = (this.#turn + step) % logs.length;
      const log = logs[at]!;
      if (log.sent >= Math.min(log.size, log.stored + log.window)) continue;
      this.#turn = at;
      return log;
    }
    return undefined;
  }

  async #read(log: StoredLog): Promise<void> {
    const { disk, clock } = this.#options;
    const offset = log.sent;
    const end = Math.min(log.size, log.stored + log.window, offset + LIMITS.logChunkBytes);
    const chunk = await disk.readRange(log.path, offset, end - offset);
    if (!this.#open || log.sent !== offset || chunk.length === 0) return;
    log.sent = offset + chunk.length;
    this.#spent.push({ at: clock.monotonic(), bytes: chunk.length });
    this.#next = encodeAgentMessage('logChunk', { ...log.lease, offset, chunk });
  }

  #allowed(): boolean {
    const { clock, ready } = this.#options;
    const now = clock.monotonic();
    this.#spent = this.#spent.filter(({ at }) => now - at < MINUTE_MS);
    const bytes = this.#spent.reduce((sum, spent) => sum + spent.bytes, 0);
    if (bytes + LIMITS.logChunkBytes <= LIMITS.logBytesPerMinute) return true;
    this.#timer ??= clock.after(MINUTE_MS - (now - this.#spent[0]!.at), () => {
      this.#timer = undefined;
      this.refill();
      ready();
    });
    return false;
  }
}
