import type { HistoryPoint, HistoryStore, SeriesName } from '#history/index.ts';
import { number, tenths } from '../console/format.ts';

/** Where the past is read: five-minute intervals for a week, hours for a season. */
export type HistoryReader = Pick<HistoryStore, 'all' | 'seriesByNode'>;

const HOUR = 3_600_000;

export const RANGES = {
  '1h': { word: '1 hour', spanMs: HOUR, resolution: '5m', stepMs: HOUR / 12 },
  '24h': { word: '24 hours', spanMs: 24 * HOUR, resolution: '5m', stepMs: HOUR / 12 },
  '7d': { word: '7 days', spanMs: 7 * 24 * HOUR, resolution: '5m', stepMs: HOUR / 12 },
  '30d': { word: '30 days', spanMs: 30 * 24 * HOUR, resolution: '1h', stepMs: HOUR },
} as const;
export type RangeName = keyof typeof RANGES;

export function rangeOf(text: string | undefined): RangeName {
  return text !== undefined && Object.hasOwn(RANGES, text) ? (text as RangeName) : '24h';
}

/** How a chart is read, on the server and, by `unit`, in the browser. */
export interface ChartSpec {
  readonly series: SeriesName;
  readonly title: string;
  readonly unit: 'percent' | 'plain' | 'rate' | 'ms' | 'count';
  /** Of the vertical axis. */
  readonly top?: number;
}

export const CHARTS: readonly ChartSpec[] = [
  { series: 'cpu', title: 'CPU', unit: 'percent', top: 1 },
  { series: 'memory', title: 'Memory', unit: 'percent', top: 1 },
  { series: 'disk', title: 'Disk', unit: 'percent', top: 1 },
  { series: 'load', title: 'Load average', unit: 'plain' },
  { series: 'network_in', title: 'Network in', unit: 'rate' },
  { series: 'network_out', title: 'Network out', unit: 'rate' },
  { series: 'rtt', title: 'Round trip to the hub', unit: 'ms' },
  { series: 'peers', title: 'chainweb peers', unit: 'count' },
];

const UNITS: Readonly<Record<ChartSpec['unit'], (value: number) => string>> = {
  percent: (value) => `${tenths(value * 100)} %`,
  plain: (value) => tenths(value),
  rate: (kbps) => (kbps < 1_000 ? `${number(Math.round(kbps))} kbit/s` : `${tenths(kbps / 1_000)} Mbit/s`),
  ms: (value) => `${number(Math.round(value))} ms`,
  count: (value) => number(Math.round(value)),
};

export function inUnit(unit: ChartSpec['unit'], value: number): string {
  return UNITS[unit](value);
}

export interface HealthChart {
  readonly spec: ChartSpec;
  readonly points: readonly HistoryPoint[];
}

export interface Health {
  readonly range: RangeName;
  readonly from: number;
  readonly to: number;
  readonly charts: readonly HealthChart[];
}

export async function readHealth(
  history: HistoryReader,
  { nodeId, range, now }: { nodeId: string; range: RangeName; now: number },
): Promise<Health> {
  const { spanMs, resolution } = RANGES[range];
  const from = now - spanMs;
  const all = await history.all({ nodeId, from, to: now, resolution });
  const charts = CHARTS.map((spec) => ({ spec, points: all[spec.series] }));
  return { range, from, to: now, charts };
}

/** The same by columns, as the browser's charts want it. */
export function healthColumns(health: Health) {
  return {
    from: health.from,
    to: health.to,
    stepMs: RANGES[health.range].stepMs,
    series: Object.fromEntries(
      health.charts.map(({ spec, points }) => [
        spec.series,
        {
          at: points.map((point) => point.at),
          min: points.map((point) => point.min),
          avg: points.map((point) => point.avg),
          max: points.map((point) => point.max),
        },
      ]),
    ),
  };
}
