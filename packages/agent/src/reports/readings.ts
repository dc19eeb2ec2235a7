import type { AgentReadings } from '#collectors/agent-collectors.ts';
import type { CollectorSet } from '#collectors/collector-set.ts';

/** What the core asks of the collectors: their last readings, at once, whatever hangs (F29). */
export type AgentCollectors = Pick<
  CollectorSet<AgentReadings>,
  'start' | 'stop' | 'reading' | 'readings' | 'onValue'
>;

export type ReadingSource = Pick<AgentCollectors, 'reading'>;

/** An older value is no news any more. */
export const FRESH_MS = 180_000;

/** The last value, unless it is old. */
export function fresh<K extends keyof AgentReadings>(
  source: ReadingSource,
  name: K,
  withinMs: number = FRESH_MS,
): AgentReadings[K] | undefined {
  const { value, ageMs } = source.reading(name);
  return ageMs !== undefined && ageMs <= withinMs ? value : undefined;
}
