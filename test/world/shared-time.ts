import { setTimeout as pause } from 'node:timers/promises';
import { VirtualClock } from '@stoa/agent';

/** A process whose clock goes with another's. Resolves once it has come so much further. */
export type Follower = (ms: number) => Promise<void>;

/** Real time of a turn, and for which a hub that waits for its database is waited for. */
const TURN_MS = 5;
const PATIENCE_MS = 100;
/** Clocks of two processes differ by no more: an answer that crosses is at most so much late, which no time-out minds. */
const LONGEST_STEP_MS = 2_500;

/**
 * Time that passes faster than the machine's, in step in several processes. Where one of them has more to do than it can, all
 * go slower: what a step does is done before the next, so no time-out comes of a machine that is busy.
 */
export class SharedTime {
  readonly clock: VirtualClock;
  /** At most. */
  speed = 1;
  readonly #settle: () => Promise<void>;
  readonly #followers = new Set<Follower>();

  /** @param settle resolves when what the last step began has come to rest. */
  constructor({ startMs, settle }: { startMs: number; settle: () => Promise<void> }) {
    this.clock = new VirtualClock(startMs);
    this.#settle = settle;
  }

  /** Goes along from now on. */
  follow(follower: Follower): void {
    this.#followers.add(follower);
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for (let last = performance.now(); !signal.aborted; ) {
      // One that took longer has had its pause.
      await pause(Math.max(0, last + TURN_MS - performance.now()));
      const now = performance.now();
      // What was lost is not made up for.
      await this.turn(now - last);
      last = now;
    }
  }

  /** Lets time pass in all processes, and waits for what that began. @param realMs that have gone by since the last turn */
  async turn(realMs: number): Promise<void> {
    const step = Math.min(realMs * this.speed, LONGEST_STEP_MS);
    await Promise.all([this.clock.advance(step), ...[...this.#followers].map((go) => go(step))]);
    await Promise.race([this.#settle(), pause(PATIENCE_MS)]);
  }
}
