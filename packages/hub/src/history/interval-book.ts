import { intervalStart } from './roll-up.ts';
import type { Readings } from './series.ts';
import { Stats } from './stats.ts';
import type { HistoryRow } from './store.ts';

/** How long after its end an interval stays in memory for stragglers. */
const LINGER_MS = 10 * 60_000;

/**
 * One node's interval while it is counted. Its row in the database is its own (`writer`) and only grows; a straggler
 * after it was let go opens another, and reading merges all rows of an interval.
 */
export interface OpenInterval extends HistoryRow {
  samples: number;
  /** A bit for each slot that had its sample, where the interval has so few. */
  slots: number;
  changedAt: number;
}

/** All nodes' open intervals of one width, and those of them that wait to be written, longest first. */
export class IntervalBook {
  readonly #widthMs: number;
  readonly #nextWriter: () => string;
  readonly #byStart = new Map<number, Map<string, OpenInterval>>();
  readonly #changed = new Set<OpenInterval>();

  constructor(widthMs: number, nextWriter: () => string) {
    this.#widthMs = widthMs;
    this.#nextWriter = nextWriter;
  }

  /** The node's interval around `at`. */
  open(nodeId: string, at: number): OpenInterval {
    const start = intervalStart(at, this.#widthMs);
    let nodes = this.#byStart.get(start);
    if (!nodes) {
      nodes = new Map();
      this.#byStart.set(start, nodes);
    }
    let interval = nodes.get(nodeId);
    if (!interval) {
      const writer = this.#nextWriter();
      interval = { nodeId, start, writer, samples: 0, stats: new Stats(), slots: 0, changedAt: 0 };
      nodes.set(nodeId, interval);
    }
    return interval;
  }

  count(interval: OpenInterval, readings: Readings, now: number): void {
    interval.stats.add(readings);
    interval.samples += 1;
    if (this.#changed.has(interval)) return;
    interval.changedAt = now;
    this.#changed.add(interval);
  }

  /** Takes at most `count` intervals that wait since `changedBefore` or longer. */
  take(changedBefore: number, count: number): OpenInterval[] {
    const due: OpenInterval[] = [];
    for (const interval of this.#changed) {
      if (interval.changedAt > changedBefore || due.length === count) break;
      due.push(interval);
    }
    for (const interval of due) this.#changed.delete(interval);
    return due;
  }

  /** They could not be written. */
  giveBack(intervals: readonly OpenInterval[]): void {
    for (const interval of intervals) this.#changed.add(interval);
  }

  /** Forgets intervals that are over and written. */
  letGo(now: number): void {
    for (const [start, nodes] of this.#byStart) {
      if (start + this.#widthMs + LINGER_MS > now) continue;
      for (const [nodeId, interval] of nodes) if (!this.#changed.has(interval)) nodes.delete(nodeId);
      if (nodes.size === 0) this.#byStart.delete(start);
    }
  }
}
