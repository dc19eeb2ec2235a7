import type { Clock } from './clock.ts';

const MIN_AGE_MS = 1_000;
/** Loading takes at most one part in this many of the time, however slow the database is. */
const SHARE = 50;
/** A value older than this is waited for. Until then it is shown while the next is computed: streams bring that in a second. */
const STALE_MS = 30_000;

/** A value that many read and that is dear to compute: loaded when somebody asks, at most once a second, for all of them. */
export class Refreshed<T> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #load: () => Promise<T>;
  #held: { readonly value: T; readonly at: number } | undefined;
  #periodMs = MIN_AGE_MS;
  #loading: Promise<T> | undefined;

  constructor(by: { clock: Pick<Clock, 'now'>; load: () => Promise<T> }) {
    this.#clock = by.clock;
    this.#load = by.load;
  }

  /** At most a second old while it is read often; a failure to load is the caller's only where nothing recent is held. */
  async read(): Promise<T> {
    const age = this.#held === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() - this.#held.at;
    if (this.#held !== undefined && age < this.#periodMs) return this.#held.value;
    const loading = this.#refresh();
    if (this.#held === undefined || age > STALE_MS + this.#periodMs) return loading;
    // What is held is recent enough; the next reader tries again.
    loading.catch(() => undefined);
    return this.#held.value;
  }

  #refresh(): Promise<T> {
    this.#loading ??= this.#loadOnce().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #loadOnce(): Promise<T> {
    const started = this.#clock.now();
    const value = await this.#load();
    const at = this.#clock.now();
    this.#periodMs = Math.max(MIN_AGE_MS, (at - started) * SHARE);
    this.#held = { value, at };
    return value;
  }
}
