import type { EncodedMessage } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import type { Lane, Outgoing } from '#outbox/outbox.ts';
import type { Spool } from '#outbox/spool.ts';

export interface SpoolLaneOptions {
  clock: Clock;
  spool: Spool;
  /** The frame of an entry; undefined for one that is not to be sent. */
  frame: (entry: Uint8Array, number: number) => EncodedMessage | undefined;
  /** Entries were read from disk: the outbox should look again. */
  ready: () => void;
  failed: (error: unknown) => void;
}

/** Sent and not yet acknowledged by their receipts. */
const WINDOW = 8;
/** An entry without a receipt for so long is sent again. */
const RESEND_MS = 5 * 60_000;

/**
 * Sends what the spool holds, oldest first, a few at a time, until each is removed from it: in every session anew, and
 * again in the same one where a receipt stays away. Twice is no harm: entries have durable numbers.
 */
export class SpoolLane implements Lane {
  readonly #options: SpoolLaneOptions;
  readonly #sentAt = new Map<number, number>();
  #read: { number: number; message: EncodedMessage }[] = [];
  #reading = false;
  /** Something changed while the disk was read: what was just put there may have been missed. */
  #again = false;
  #open = false;

  constructor(options: SpoolLaneOptions) {
    this.#options = options;
  }

  /** A session stands: everything is to be sent in it. */
  start(): void {
    this.#open = true;
    this.#sentAt.clear();
    this.#read = [];
    this.refill();
  }

  stop(): void {
    this.#open = false;
    this.#read = [];
  }

  take(): Outgoing | undefined {
    const next = this.#read.shift();
    if (next === undefined) {
      this.refill();
      return undefined;
    }
    this.#sentAt.set(next.number, this.#options.clock.monotonic());
    return { message: next.message };
  }

  /** Call after a `put`, after a `remove`, and now and then for what is to be sent again. */
  refill(): void {
    this.#again = true;
    if (!this.#open || this.#reading) return;
    const due = this.#due();
    if (due.length === 0) return;
    void this.#fill(due);
  }

  async #fill(due: readonly number[]): Promise<void> {
    this.#reading = true;
    this.#again = false;
    try {
      await this.#readAll(due);
    } catch (error) {
      this.#options.failed(error);
      // Not at once, whoever asked meanwhile: a disk that fails would keep this process busy with failing.
      this.#again = false;
    }
    this.#reading = false;
    if (this.#again) this.refill();
    if (this.#read.length > 0) this.#options.ready();
  }

  #due(): number[] {
    const now = this.#options.clock.monotonic();
    const waits = new Set(this.#read.map(({ number }) => number));
    const unanswered = (number: number): boolean =>
      now - (this.#sentAt.get(number) ?? Number.NEGATIVE_INFINITY) < RESEND_MS;
    return this.#options.spool.numbers
      .slice(0, WINDOW)
      .filter((number) => !waits.has(number) && !unanswered(number));
  }

  async #readAll(numbers: readonly number[]): Promise<void> {
    const { spool, frame } = this.#options;
    for (const number of numbers) {
      const entry = await spool.read(number);
      const message = entry && frame(entry, number);
      if (message !== undefined && this.#open) this.#read.push({ number, message });
    }
  }
}
