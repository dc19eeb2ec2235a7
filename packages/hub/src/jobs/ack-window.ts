import type { Clock } from '../clock.ts';

/** Whoever has not acknowledged by then does not hold up the others: the lease itself lives on. */
const PACE_MS = 2_000;

/**
 * Leases that were sent and wait for their acknowledgement: so many at a time and no more. A fleet that is asked at once
 * is then asked as fast as it answers, and no lease runs out because its node's turn had not come.
 */
export class AckWindow {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #most: number;
  /** When each was sent, the longest ago first. */
  readonly #sent = new Map<string, number>();

  constructor(by: { clock: Pick<Clock, 'now'>; most: number }) {
    this.#clock = by.clock;
    this.#most = by.most;
  }

  /** Nobody is waited for longer, nor much longer where the clock is set back. */
  get room(): number {
    const now = this.#clock.now();
    for (const [jobId, at] of this.#sent) {
      if (Math.abs(now - at) < PACE_MS) break;
      this.#sent.delete(jobId);
    }
    return Math.max(0, this.#most - this.#sent.size);
  }

  sent(jobId: string): void {
    this.#sent.delete(jobId);
    this.#sent.set(jobId, this.#clock.now());
  }

  /** Whether it was waited for. */
  acknowledged(jobId: string): boolean {
    return this.#sent.delete(jobId);
  }
}
