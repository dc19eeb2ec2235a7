import type { Clock } from '#clock.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** The region's time is signed hourly, and the signer may be away for a day. */
const AHEAD_MS = 26 * HOUR_MS;

/**
 * The hub's clock as last heard, carried on by the monotonic one. Evidence is told in its hours and minutes; the wall
 * clock of the host has no part in it (F21).
 */
export class HubTime {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #proven: () => number;
  /** The latest proven time, and when it became known: from there on it grows with the monotonic clock. */
  #anchor = { proven: 0, at: 0 };
  #offset: number | undefined;

  /** @param proven Latest time that region or chain have proven, ms; 0 if none. */
  constructor(clock: Clock, proven: () => number) {
    this.#clock = clock;
    this.#startedMs = clock.monotonic();
    this.#proven = proven;
  }

  /**
   * False for a time too far past the proven one. A hub that was taken over could else make the node close hours of the
   * future, and have none left when they come.
   */
  observe(hubTime: number): boolean {
    const at = this.#clock.monotonic();
    const proven = this.#proven();
    if (proven > this.#anchor.proven) this.#anchor = { proven, at };
    const latest = this.#anchor.proven + (at - this.#anchor.at) + AHEAD_MS;
    if (this.#anchor.proven > 0 && hubTime > latest) return false;
    this.#offset = hubTime - at;
    return true;
  }

  /** ms since 1970; undefined until a hub was heard. */
  get now(): number | undefined {
    return this.#offset === undefined ? undefined : this.#clock.monotonic() + this.#offset;
  }

  /** When this process started, by the hub's clock. */
  get startedAt(): number | undefined {
    return this.#offset === undefined ? undefined : this.#startedMs + this.#offset;
  }
}

export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS);
}
