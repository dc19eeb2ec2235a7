import { LIMITS } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Reporter } from './reporter.ts';

export interface Offender {
  readonly reporter: Reporter;
  /** Invalid headers since the hub started. */
  readonly count: number;
  readonly code: string;
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

export interface Admission {
  readonly admitted: boolean;
  /** 0 where admitted. */
  readonly retryAfterMs: number;
}

const HOUR_MS = 3_600_000;
const MAX_OFFENDERS = 1_000;

/**
 * What each reporter made the hub spend on headers that moved nothing, within the running hour, and who sent invalid
 * ones. Only such nodes take memory.
 */
export class Reporters {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #perHour: number;
  readonly #offenders = new Map<string, Offender>();
  readonly #charges = new Map<string, number>();
  #hour = 0;

  constructor(options: { clock: Pick<Clock, 'now'>; unknownPerHour?: number }) {
    this.#clock = options.clock;
    this.#perHour = options.unknownPerHour ?? LIMITS.unknownHeadersPerHour;
  }

  /** Whether the node may still offer a header that turns out to be unknown or invalid in this hour. */
  admit(reporter: Reporter): Admission {
    const now = this.#clock.now();
    this.#turn(now);
    const spent = reporter.reference ? 0 : (this.#charges.get(reporter.nodeId) ?? 0);
    return spent < this.#perHour
      ? { admitted: true, retryAfterMs: 0 }
      : { admitted: false, retryAfterMs: (this.#hour + 1) * HOUR_MS - now };
  }

  /** A header of this node moved nothing. */
  charge(reporter: Reporter): void {
    this.#turn(this.#clock.now());
    this.#charges.set(reporter.nodeId, (this.#charges.get(reporter.nodeId) ?? 0) + 1);
  }

  /** Names the node, and takes its tip credit for the running hour. */
  accuse(reporter: Reporter, fault: { code: string; why: string }): void {
    const count = (this.#offenders.get(reporter.nodeId)?.count ?? 0) + 1;
    // Taken out first, so that the map stays ordered by the last offence and the oldest is dropped.
    this.#offenders.delete(reporter.nodeId);
    this.#offenders.set(reporter.nodeId, { reporter, count, ...fault, lastAt: this.#clock.now() });
    for (const oldest of this.#offenders.keys()) {
      if (this.#offenders.size <= MAX_OFFENDERS) {
        break;
      }
      this.#offenders.delete(oldest);
    }
  }

  /** False in every clock hour in which the node sent an invalid header. */
  tipCredit(nodeId: string): boolean {
    const lastAt = this.#offenders.get(nodeId)?.lastAt;
    return lastAt === undefined || hourOf(lastAt) !== hourOf(this.#clock.now());
  }

  /** Newest offence first. */
  offenders(): readonly Offender[] {
    return [...this.#offenders.values()].toReversed();
  }

  #turn(now: number): void {
    if (hourOf(now) !== this.#hour) {
      this.#hour = hourOf(now);
      this.#charges.clear();
    }
  }
}

function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}
