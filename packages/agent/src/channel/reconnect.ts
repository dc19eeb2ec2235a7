import { LIMITS, type Random } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import { uniform } from '#random.ts';

export const RECONNECT = {
  /** Bounds of the jitter while nobody was ever found listening: an agent that is up before its hub. */
  quickMs: [1_000, 2_000, 4_000, 8_000],
  /** First bound of the jitter after a failure; doubles with each. */
  baseMs: 5_000,
  capMs: 600_000,
  /** F28: at most so many attempts in any window of a minute. */
  attemptsPerMinute: 6,
  /** A session that held so long shows that all is well: the next failure counts as the first. */
  provenMs: 60_000,
  /** After a region-signed Refuse (F30). */
  refusedMs: 3_600_000,
  /** Where no Welcome has named one. */
  windowMs: 60_000,
} as const;

/**
 * When to dial next (protocol.md, Liveness). A process start dials at once. A lost session first waits uniformly over
 * the region's reconnect window, so that a hub that went down with 200,000 sessions meets them evenly; each failure
 * after that waits with full jitter, under a bound that doubles up to ten minutes. The one exception: while all that a
 * process has met are refused connections, it looks again a few times within seconds, which no hub notices. Whatever
 * else happens once, a session or a hub that says no, ends that for the life of the process.
 *
 * Invariant: whatever the reasons, no more than six attempts fall into any minute. Monotonic time only.
 */
export class ReconnectPolicy {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #attempts: number[] = [];
  #failures = 0;
  #windowMs: number = RECONNECT.windowMs;
  /** Something else than a refused connection was met since the process started. */
  #met = false;

  constructor({ clock, random }: { clock: Clock; random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Failures since a session last held. */
  get failures(): number {
    return this.#failures;
  }

  attempted(): void {
    this.#attempts.push(this.#clock.monotonic());
    if (this.#attempts.length > RECONNECT.attemptsPerMinute) this.#attempts.shift();
  }

  welcomed(windowMs: number): void {
    this.#met = true;
    this.#windowMs = Math.min(windowMs, LIMITS.hubDelayAfterAuthMs);
  }

  /** Delay to the first attempt after a session of `livedMs`. */
  afterSession(livedMs: number): number {
    if (livedMs < RECONNECT.provenMs) return this.afterFailure();
    this.#failures = 0;
    return this.#allowed(uniform(this.#random, 0, this.#windowMs));
  }

  /** Delay after an attempt that led to no session, or to one that ended at once. */
  afterFailure(): number {
    this.#met = true;
    return this.#backOff(this.#failures);
  }

  /** Delay after an attempt that found nobody listening. */
  afterRefusedConnection(): number {
    if (this.#met) return this.afterFailure();
    const boundMs = RECONNECT.quickMs[this.#failures];
    if (boundMs === undefined) return this.#backOff(this.#failures - RECONNECT.quickMs.length);
    this.#failures += 1;
    return this.#allowed(uniform(this.#random, 0, boundMs));
  }

  /** Delay where the hub named one: never sooner than our own rule, never later than the clamp. */
  named(delayMs: number, clampMs: number): number {
    return Math.max(Math.min(delayMs, clampMs), this.afterFailure());
  }

  /** A refused node asks again in about an hour; jitter keeps those that were refused together apart. */
  refused(): number {
    this.#met = true;
    return this.#allowed(uniform(this.#random, 0.9 * RECONNECT.refusedMs, 1.1 * RECONNECT.refusedMs));
  }

  /** A planned change of session: drained, a new key, a better transport. */
  soon(): number {
    return this.#allowed(0);
  }

  #backOff(earlier: number): number {
    this.#failures += 1;
    const doubled = RECONNECT.baseMs * 2 ** Math.min(earlier + 1, 20);
    const boundMs = Math.min(RECONNECT.capMs, Math.max(doubled, this.#windowMs));
    return this.#allowed(uniform(this.#random, 0, boundMs));
  }

  #allowed(delayMs: number): number {
    const [oldest] = this.#attempts;
    if (oldest === undefined || this.#attempts.length < RECONNECT.attemptsPerMinute) return delayMs;
    return Math.max(delayMs, Math.ceil(oldest + 60_000 - this.#clock.monotonic()));
  }
}
