import { type Sql, Upsert } from '#seams/db-adapter/index.ts';
import { RESOLUTIONS, type Resolution, SERIES, type SeriesName } from './series.ts';
import { Stats } from './stats.ts';

export interface HistoryRow {
  readonly nodeId: string;
  /** Start of the interval, milliseconds since 1970. */
  readonly start: number;
  /** Who counted: of one (node, interval, writer) the row with more samples is the later state. */
  readonly writer: string;
  readonly samples: number;
  readonly stats: Stats;
}

export interface HistoryQuery {
  readonly nodeId: string;
  /** Intervals that begin in [from, to), milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly resolution: Resolution;
}

/** One interval of a series. */
export interface HistoryPoint {
  readonly at: number;
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  readonly count: number;
}

/** The only SQL of the metrics' history. */
export class HistoryStore {
  readonly #sql: Sql;
  readonly #upserts: Readonly<Record<Resolution, Upsert<HistoryRow>>>;

  constructor(by: { sql: Sql }) {
    this.#sql = by.sql;
    this.#upserts = { '5m': upsertOf(by.sql, '5m'), '1h': upsertOf(by.sql, '1h') };
  }

  /** All or none; a repeated or late write of an earlier state changes nothing. The day's partition must be there. */
  async write(resolution: Resolution, rows: readonly HistoryRow[]): Promise<void> {
    const largest = new Map<string, HistoryRow>();
    for (const row of rows) {
      const key = `${row.nodeId} ${row.start} ${row.writer}`;
      if (row.samples >= (largest.get(key)?.samples ?? 0)) largest.set(key, row);
    }
    const sorted = [...largest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    await this.#upserts[resolution].write(sorted);
  }

  /** One series of a node, oldest first; intervals without samples are absent. */
  async series(query: HistoryQuery & { readonly series: SeriesName }): Promise<HistoryPoint[]> {
    return (await this.#intervals(query)).flatMap(([at, stats]) => pointsOf(at, stats, query.series));
  }

  /** All series of a node by one read. */
  async all(query: HistoryQuery): Promise<Record<SeriesName, HistoryPoint[]>> {
    const intervals = await this.#intervals(query);
    const points = (series: SeriesName) => intervals.flatMap(([at, stats]) => pointsOf(at, stats, series));
    return Object.fromEntries(SERIES.map((series) => [series, points(series)])) as Record<
      SeriesName,
      HistoryPoint[]
    >;
  }

  async #intervals({ nodeId, from, to, resolution }: HistoryQuery): Promise<[number, Stats][]> {
    const rows = await this.#sql<{ bucket: Date; stats: Buffer }[]>`
      select bucket, stats from ${this.#sql(RESOLUTIONS[resolution].table)}
      where node_id = ${nodeId} and bucket >= ${new Date(from)} and bucket < ${new Date(to)}
      order by bucket`;
    const intervals = new Map<number, Stats>();
    for (const { bucket, stats } of rows) {
      const held = intervals.get(bucket.getTime());
      if (held) held.merge(Stats.unpack(stats));
      else intervals.set(bucket.getTime(), Stats.unpack(stats));
    }
    return [...intervals];
  }
}

function upsertOf(sql: Sql, resolution: Resolution): Upsert<HistoryRow> {
  const { table } = RESOLUTIONS[resolution];
  return new Upsert<HistoryRow>(sql, {
    table,
    key: ['node_id', 'bucket', 'writer'],
    columns: ['node_id', 'bucket', 'writer', 'samples', 'stats'],
    encode: (to, row) => {
      to.text(row.nodeId).timestamptz(row.start).text(row.writer).int4(row.samples).bytea(row.stats.pack());
    },
    replaceIf: `${table}.samples <= excluded.samples`,
  });
}

function pointsOf(at: number, stats: Stats, series: SeriesName): HistoryPoint[] {
  const found = stats.of(series);
  if (!found) return [];
  const { count, min, max, sum } = found;
  return [{ at, min, avg: sum / count, max, count }];
}
