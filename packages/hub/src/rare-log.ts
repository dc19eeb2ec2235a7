import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

const MAX_KEYS = 1_000;

/** Says what happens again and again once in a while, and how often it happened: an outage must not fill the disk (F27, F30). */
export class RareLog {
  readonly #log: Log;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #everyMs: number;
  readonly #said = new Map<string, { at: number; kept: number }>();

  constructor(by: { log: Log; clock: Pick<Clock, 'now'>; everyMs: number }) {
    this.#log = by.log;
    this.#clock = by.clock;
    this.#everyMs = by.everyMs;
  }

  /** @param key what counts as the same. */
  write(level: 'info' | 'warn' | 'error', key: string, line: { fields: object; message: string }): void {
    const now = this.#clock.now();
    const before = this.#said.get(key);
    if (before !== undefined && now - before.at < this.#everyMs) {
      before.kept += 1;
      return;
    }
    if (this.#said.size >= MAX_KEYS) this.#said.clear();
    this.#said.set(key, { at: now, kept: 0 });
    const repeats = before === undefined || before.kept === 0 ? {} : { repeated: before.kept };
    this.#log[level]({ ...line.fields, ...repeats }, line.message);
  }

  /** It is over: the next time is news again. Returns whether it was said before. */
  forget(key: string): boolean {
    return this.#said.delete(key);
  }
}
