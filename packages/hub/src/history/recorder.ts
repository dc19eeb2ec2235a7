import type { Clock } from '#clock.ts';
import { IntervalBook } from './interval-book.ts';
import { SLOT_MS } from './roll-up.ts';
import { RESOLUTIONS, type Readings, type Resolution } from './series.ts';
import type { HistoryStore } from './store.ts';

/** How late a sample may come: an agent that was cut off sends what it kept. */
export const LATEST_MS = 24 * 3_600_000;
const EARLIEST_MS = 5 * 60_000;
/** How long a changed interval waits for more before it is written: what a kill -9 can cost. */
const WAIT_MS: Readonly<Record<Resolution, number>> = { '5m': 60_000, '1h': 300_000 };
const ROWS_A_WRITE = 5_000;

/** Counts samples into five minutes and hours in memory, and writes what changed, in batches. */
export class HistoryRecorder {
  readonly name = 'history-recorder';
  readonly periodMs = 5_000;
  /** Samples refused because of their time, since the start. */
  refused = 0;
  readonly #clock: Clock;
  readonly #store: HistoryStore;
  readonly #books: Readonly<Record<Resolution, IntervalBook>>;

  /** @param by.run a name that no other run of a hub has: it becomes part of `writer`. */
  constructor(by: { clock: Clock; store: HistoryStore; run: string }) {
    this.#clock = by.clock;
    this.#store = by.store;
    let opened = 0;
    const nextWriter = () => {
      opened += 1;
      return `${by.run}-${opened.toString(36)}`;
    };
    this.#books = {
      '5m': new IntervalBook(RESOLUTIONS['5m'].widthMs, nextWriter),
      '1h': new IntervalBook(RESOLUTIONS['1h'].widthMs, nextWriter),
    };
  }

  /** @param at milliseconds since 1970, by the hub's clock. */
  record(nodeId: string, at: number, readings: Readings): void {
    const now = this.#clock.now();
    if (at > now + EARLIEST_MS || at < now - LATEST_MS) {
      this.refused += 1;
      return;
    }
    const fine = this.#books['5m'].open(nodeId, at);
    const slot = 1 << Math.floor((at - fine.start) / SLOT_MS);
    if (fine.slots & slot) return;
    fine.slots |= slot;
    this.#books['5m'].count(fine, readings, now);
    this.#books['1h'].count(this.#books['1h'].open(nodeId, at), readings, now);
  }

  /** Writes what waited long enough, and forgets what is over. */
  async tick(): Promise<void> {
    const now = this.#clock.now();
    for (const resolution of ['5m', '1h'] as const) {
      await this.#write(resolution, now - WAIT_MS[resolution]);
      this.#books[resolution].letGo(now);
    }
  }

  /** Writes everything: the last act before the database closes. */
  async flush(): Promise<void> {
    for (const resolution of ['5m', '1h'] as const) await this.#write(resolution, Number.POSITIVE_INFINITY);
  }

  async #write(resolution: Resolution, changedBefore: number): Promise<void> {
    const book = this.#books[resolution];
    for (;;) {
      const due = book.take(changedBefore, ROWS_A_WRITE);
      if (due.length === 0) return;
      try {
        await this.#store.write(resolution, due);
      } catch (error) {
        book.giveBack(due);
        throw error;
      }
    }
  }
}
