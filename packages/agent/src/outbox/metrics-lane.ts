import { encodeAgentMessage, type Gauges, LIMITS } from '@stoa/protocol';
import type { Clock, Timer } from '#clock.ts';
import type { Lane, Outgoing } from '#outbox/outbox.ts';

interface Sample {
  /** Monotonic, so that a clock that is set meanwhile bends no history. */
  readonly atMs: number;
  readonly gauges: Gauges;
}

/** A day at one sample a minute. */
export const SAMPLES = 1_440;
const BATCH = 240;
const WINDOW_MS = 60_000;

/** Samples of the time without a session: a ring that drops its oldest, counts what it dropped, and empties at the rate the hub allows. */
export class MetricsLane implements Lane {
  readonly #clock: Clock;
  readonly #most: number;
  /** The rate allows another batch: the outbox should look again. */
  readonly #ready: () => void;
  #samples: Sample[] = [];
  #dropped = 0;
  readonly #sentAt: number[] = [];
  #timer: Timer | undefined;

  constructor(options: { clock: Clock; most?: number; ready: () => void }) {
    this.#clock = options.clock;
    this.#most = options.most ?? SAMPLES;
    this.#ready = options.ready;
  }

  get length(): number {
    return this.#samples.length;
  }

  /** Samples dropped since the process started. */
  get dropped(): number {
    return this.#dropped;
  }

  add(gauges: Gauges): void {
    this.#samples.push({ atMs: this.#clock.monotonic(), gauges });
    if (this.#samples.length <= this.#most) return;
    this.#samples.shift();
    this.#dropped += 1;
  }

  take(): Outgoing | undefined {
    if (this.#samples.length === 0 || !this.#allowed()) return undefined;
    const now = this.#clock.monotonic();
    this.#sentAt.push(now);
    if (this.#sentAt.length > LIMITS.metricsBatchesPerMinute) this.#sentAt.shift();
    const samples = this.#samples.splice(0, BATCH).map(({ atMs, gauges }) => ({
      // By this host's wall clock as it is now: the hub knows its skew from the heartbeats of the same session.
      at: Math.max(0, Math.round(this.#clock.now() - (now - atMs))),
      gauges,
    }));
    return { message: encodeAgentMessage('metricsBatch', { samples, dropped: this.#dropped }) };
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #allowed(): boolean {
    const [oldest] = this.#sentAt;
    if (oldest === undefined || this.#sentAt.length < LIMITS.metricsBatchesPerMinute) return true;
    const waitMs = oldest + WINDOW_MS - this.#clock.monotonic();
    if (waitMs <= 0) return true;
    this.#timer ??= this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#ready();
    });
    return false;
  }
}
