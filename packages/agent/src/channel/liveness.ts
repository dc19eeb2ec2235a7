import { LIMITS } from '@stoa/protocol';
import type { Clock, Timer } from '#clock.ts';

/** Bounds of what a hub may ask for. */
const PING_MIN_MS = 5_000;
const PING_MAX_MS = 120_000;

export interface LivenessOptions {
  clock: Clock;
  sendPing: (intervalMs: number) => void;
  dead: () => void;
}

/**
 * Pings a peer and tells when it is dead: nothing at all was heard for two and a half intervals (F06). Whatever the
 * hub sends counts as life.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  #intervalMs = 0;
  #heardAt = 0;
  #pingedAt: number | undefined;
  #rttMs: number | undefined;
  #pingTimer: Timer | undefined;
  #deadTimer: Timer | undefined;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** Round trip of the last ping that was answered, ms. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** @param natIdleMs After so much silence the node's NAT forgets a connection; undefined if not measured. */
  start(askedMs: number, natIdleMs: number | undefined): void {
    this.stop();
    this.#intervalMs = pingInterval(askedMs, natIdleMs);
    this.#heardAt = this.#options.clock.monotonic();
    this.#armPing();
    this.#armDead(LIMITS.deadAfterPings * this.#intervalMs);
  }

  heard(): void {
    this.#heardAt = this.#options.clock.monotonic();
  }

  pong(): void {
    if (this.#pingedAt === undefined) return;
    this.#rttMs = this.#options.clock.monotonic() - this.#pingedAt;
    this.#pingedAt = undefined;
  }

  stop(): void {
    this.#pingTimer?.cancel();
    this.#deadTimer?.cancel();
    this.#pingedAt = undefined;
  }

  #armPing(): void {
    this.#pingTimer = this.#options.clock.after(this.#intervalMs, () => {
      this.#pingedAt ??= this.#options.clock.monotonic();
      this.#armPing();
      this.#options.sendPing(this.#intervalMs);
    });
  }

  #armDead(delayMs: number): void {
    this.#deadTimer = this.#options.clock.after(delayMs, () => {
      const silentMs = this.#options.clock.monotonic() - this.#heardAt;
      const left = LIMITS.deadAfterPings * this.#intervalMs - silentMs;
      if (left > 0) this.#armDead(left);
      else this.#options.dead();
    });
  }
}

/** Often enough that two pings in a row may be lost before the NAT forgets. */
export function pingInterval(askedMs: number, natIdleMs: number | undefined): number {
  const kept = natIdleMs === undefined ? askedMs : Math.min(askedMs, natIdleMs / LIMITS.deadAfterPings);
  return Math.round(Math.min(PING_MAX_MS, Math.max(PING_MIN_MS, kept)));
}
