import type { Clock } from './clock.ts';
import { Refreshed } from './refreshed.ts';

const MOST_KEYS = 1_000;

/** As `Refreshed`, for each key: those who read the same value share one. The key that is read least recently goes first. */
export class RefreshedByKey<T> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #load: (key: string) => Promise<T>;
  readonly #held = new Map<string, Refreshed<T>>();

  constructor(by: { clock: Pick<Clock, 'now'>; load: (key: string) => Promise<T> }) {
    this.#clock = by.clock;
    this.#load = by.load;
  }

  read(key: string): Promise<T> {
    const held = this.#held.get(key) ?? new Refreshed({ clock: this.#clock, load: () => this.#load(key) });
    this.#held.delete(key);
    this.#held.set(key, held);
    if (this.#held.size > MOST_KEYS) this.#forgetOldest();
    return held.read();
  }

  #forgetOldest(): void {
    const [oldest] = this.#held.keys();
    if (oldest !== undefined) this.#held.delete(oldest);
  }
}
