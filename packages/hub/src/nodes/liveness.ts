import type { Clock } from '../clock.ts';

const HEARTBEAT_MS = 30_000;
/** How much longer than three heartbeats a node may be silent before it is offline, and the least time for it. */
const OFFLINE_GRACE_MS = 60_000;
const OFFLINE_MIN_MS = 5 * 60_000;
const LATE_GRACE_MS = 20_000;
/** A restarted hub waits at least this long for its nodes before it calls any of them silent. */
const RESTART_GRACE_MS = 300_000;

/** When a state is judged, and by which clock. Milliseconds since 1970. */
export interface Instant {
  readonly now: number;
  /** The region's heartbeat interval. */
  readonly intervalMs: number;
  /** Until when states stand still at the latest; at or before `now`: they don't. */
  readonly graceUntil: number;
  /** States stand as of this instant while the grace lasts: time in which the hub itself was deaf is held against nobody. */
  readonly frozenSince?: number;
}

/** After this long without a frame a node is late; and a report of the tip is too old to count (gate 3, same bound). */
export function lateAfterMs(intervalMs: number): number {
  return 2 * intervalMs + LATE_GRACE_MS;
}

/** After this long without a frame a node is offline. */
export function offlineAfterMs(intervalMs: number): number {
  return Math.max(3 * intervalMs + OFFLINE_GRACE_MS, OFFLINE_MIN_MS);
}

/** The instant whose silence counts: `now`, or where time was stopped. */
export function judgedAt(at: Instant): number {
  return at.frozenSince !== undefined && at.now < at.graceUntil ? at.frozenSince : at.now;
}

/** The clock of node states. It runs, or it stands: after a restart of the hub, and in a mass expiry (F03). */
export class Liveness {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #intervalMs: number;
  #graceUntil = 0;
  #frozenSince: number | undefined;

  constructor({ clock, intervalMs = HEARTBEAT_MS }: { clock: Pick<Clock, 'now'>; intervalMs?: number }) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** The hub starts: until the grace ends, states stand as of the newest frame that it had stored. */
  restarted({ heardUntil, graceMs = RESTART_GRACE_MS }: { heardUntil?: number; graceMs?: number }): void {
    if (heardUntil === undefined) return;
    this.#frozenSince = heardUntil;
    this.#graceUntil = this.#clock.now() + Math.max(graceMs, RESTART_GRACE_MS);
  }

  /** Too many nodes of too many owners fell silent at once: the fault is likely not theirs. Holds until `thaw`. */
  freeze(since: number): void {
    this.#frozenSince = since;
    this.#graceUntil = Number.MAX_SAFE_INTEGER;
  }

  thaw(): void {
    this.#frozenSince = undefined;
    this.#graceUntil = 0;
  }

  at(): Instant {
    const now = this.#clock.now();
    const running = { now, intervalMs: this.#intervalMs, graceUntil: this.#graceUntil };
    if (this.#frozenSince === undefined || now >= this.#graceUntil) return running;
    return { ...running, frozenSince: this.#frozenSince };
  }
}
