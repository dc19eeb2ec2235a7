import type { Clock } from './clock.ts';

const MAX_KEYS = 50_000;

/** So many of a kind in a minute, by key and in all. */
export class RateLimit {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #perKey: number;
  readonly #inAll: number;
  readonly #counts = new Map<string, number>();
  #minute = 0;
  #total = 0;

  constructor(by: { clock: Pick<Clock, 'now'>; perKey: number; inAll: number }) {
    this.#clock = by.clock;
    this.#perKey = by.perKey;
    this.#inAll = by.inAll;
  }

  /** Counts one more. Returns false where that is one too many: such a one is not counted. */
  admit(key: string): boolean {
    this.#turn();
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#perKey || this.#total >= this.#inAll || this.#counts.size >= MAX_KEYS) return false;
    this.#counts.set(key, count + 1);
    this.#total += 1;
    return true;
  }

  /** Whether `key` has had its share of this minute: the next one would not be admitted. */
  isSpent(key: string): boolean {
    this.#turn();
    return (this.#counts.get(key) ?? 0) >= this.#perKey;
  }

  #turn(): void {
    const minute = Math.floor(this.#clock.now() / 60_000);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#total = 0;
    this.#counts.clear();
  }
}
