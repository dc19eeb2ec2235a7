import type { Readings } from './series.ts';
import { Stats } from './stats.ts';

export interface Sample {
  /** Milliseconds since 1970, by the hub's clock. */
  readonly at: number;
  readonly readings: Readings;
}

/** Of the samples of a node in one slot the first counts: a sample sent twice counts once, a flood counts little. */
export const SLOT_MS = 10_000;

export function intervalStart(at: number, widthMs: number): number {
  return Math.floor(at / widthMs) * widthMs;
}

/** One node's samples, in any order, to intervals by their start. */
export function rollUp(samples: Iterable<Sample>, widthMs: number): Map<number, Stats> {
  const slots = new Set<number>();
  const intervals = new Map<number, Stats>();
  for (const { at, readings } of samples) {
    const slot = Math.floor(at / SLOT_MS);
    if (slots.has(slot)) continue;
    slots.add(slot);
    intervalAt(intervals, intervalStart(at, widthMs)).add(readings);
  }
  return intervals;
}

/** Intervals (start, stats), in any order, to wider ones: twelve of five minutes make the hour. */
export function merge(parts: Iterable<readonly [number, Stats]>, widthMs: number): Map<number, Stats> {
  const intervals = new Map<number, Stats>();
  for (const [start, stats] of parts) intervalAt(intervals, intervalStart(start, widthMs)).merge(stats);
  return intervals;
}

function intervalAt(intervals: Map<number, Stats>, start: number): Stats {
  let stats = intervals.get(start);
  if (!stats) {
    stats = new Stats();
    intervals.set(start, stats);
  }
  return stats;
}
