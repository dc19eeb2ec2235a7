import { equalBytes, type LeaseRenew, type LeaseRenewed, PROGRESS_UNKNOWN } from '@stoa/protocol';
import type { Clock, Timer } from '#clock.ts';
import type { JobError } from '#work/job-error.ts';
import { attemptKey, type Lease, leaseOf } from '#work/lease.ts';
import { CUT, type Progress } from '#work/runner.ts';
import type { SlotClass } from '#work/slots.ts';

/** A job that holds a slot here. */
export interface Held {
  lease: Lease;
  readonly kind: string;
  readonly slot: SlotClass;
  /** Monotonic ms. */
  readonly since: number;
  leaseMs: number;
  /** It is on disk that it was begun: only then the hub hears of it. */
  journaled: boolean;
  progress: Progress;
  readonly cut: (reason: JobError) => void;
}

/** Whatever a hub names: often enough to hold it, seldom enough to be no load. */
const LEASE_MS = { least: 9_000, most: 3_600_000 };
const PROGRESS_MS = 2_000;
const MOST = 16;

/**
 * The leases that this node holds. Each is renewed when a third of the shortest has passed (F22), at once in a new
 * session, and soon after its progress changed. One that the hub has taken back is cut off: what it does from then on
 * would be done twice.
 */
export class LeaseBook {
  readonly #clock: Clock;
  /** Renewals are to be sent. */
  readonly #due: () => void;
  readonly #held = new Map<string, Held>();
  #timer: Timer | undefined;
  #soon: Timer | undefined;
  #open = false;

  constructor(clock: Clock, due: () => void) {
    this.#clock = clock;
    this.#due = due;
  }

  get held(): Held[] {
    return [...this.#held.values()];
  }

  find(lease: Pick<Lease, 'jobId' | 'attempt'>): Held | undefined {
    return this.#held.get(attemptKey(lease));
  }

  /** Other attempts at the same job. */
  rivals({ jobId, attempt }: Lease): Held[] {
    return this.held.filter(({ lease }) => equalBytes(lease.jobId, jobId) && lease.attempt !== attempt);
  }

  add(held: Held): void {
    held.leaseMs = Math.min(LEASE_MS.most, Math.max(LEASE_MS.least, held.leaseMs));
    this.#held.set(attemptKey(held.lease), held);
    this.#arm();
  }

  remove(held: Held): void {
    this.#held.delete(attemptKey(held.lease));
    this.#arm();
  }

  progressed(held: Held, progress: Progress): void {
    held.progress = progress;
    if (!this.#open) return;
    this.#soon ??= this.#clock.after(PROGRESS_MS, () => {
      this.#soon = undefined;
      this.#due();
    });
  }

  opened(): void {
    this.#open = true;
    if (this.#held.size > 0) this.#due();
    this.#arm();
  }

  closed(): void {
    this.#open = false;
    this.#timer?.cancel();
    this.#soon?.cancel();
    this.#soon = undefined;
  }

  /** Undefined where nothing is held. */
  renewal(): LeaseRenew | undefined {
    const leases = this.held
      .filter(({ journaled }) => journaled)
      .slice(0, MOST)
      .map(({ lease, progress: { percent, step } }) => ({
        ...leaseOf(lease),
        progress: percent === undefined ? PROGRESS_UNKNOWN : Math.min(100, Math.max(0, Math.round(percent))),
        step,
      }));
    return leases.length === 0 ? undefined : { leases };
  }

  renewed({ leases }: LeaseRenewed): void {
    for (const { leaseMs, ...lease } of leases) {
      const held = this.find(lease);
      if (held === undefined || held.lease.fencingToken !== lease.fencingToken) continue;
      if (leaseMs === 0) held.cut(CUT.leaseLost());
      else held.leaseMs = Math.min(LEASE_MS.most, Math.max(LEASE_MS.least, leaseMs));
    }
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    if (!this.#open || this.#held.size === 0) return;
    const shortest = Math.min(...this.held.map(({ leaseMs }) => leaseMs));
    this.#timer = this.#clock.after(shortest / 3, () => {
      this.#due();
      this.#arm();
    });
  }
}
