/** What is kept of a node over time. The position is stored (`packStats`): append only, never reorder. */
export const SERIES = [
  'cpu',
  'memory',
  'disk',
  'load',
  'network_in',
  'network_out',
  'rtt',
  'peers',
  'lag',
] as const;

/** cpu, memory, disk: shares of 1 · load · network: kbit/s · rtt: ms · peers · lag: blocks behind on the worst chain. */
export type SeriesName = (typeof SERIES)[number];

/** One sample: the series that are known at its instant. */
export type Readings = Readonly<Partial<Record<SeriesName, number>>>;

export const RESOLUTIONS = {
  '5m': { widthMs: 5 * 60_000, table: 'metrics_5m', retentionDays: 7 },
  '1h': { widthMs: 60 * 60_000, table: 'metrics_1h', retentionDays: 90 },
} as const;
export type Resolution = keyof typeof RESOLUTIONS;
