import { type Sql, Upsert } from '#seams/db-adapter/index.ts';
import { RESOLUTIONS, type Resolution, SERIES, type SeriesName } from './series.ts';
import { PACKED_BYTES, type SeriesStats, Stats, unpackSeries } from './stats.ts';

export interface HistoryRow {
  readonly nodeId: string;
  /** Start of the interval, milliseconds since 1970. */
  readonly start: number;
  /** Who counted: of one (node, interval, writer) the row with more samples is the later state. */
  readonly writer: string;
  readonly samples: number;
  readonly stats: Stats;
}

export interface HistorySpan {
  /** Intervals that begin in [from, to), milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly resolution: Resolution;
}

export interface HistoryQuery extends HistorySpan {
  readonly nodeId: string;
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

  /**
   * One series of many nodes by one read, each oldest first; nodes without a sample of it are absent. A row a node, which
   * holds no more than that series: a page of fifty nodes would else bring 1,200 rows of nine.
   */
  async seriesByNode(
    nodeIds: readonly string[],
    { series, from, to, resolution }: HistorySpan & { readonly series: SeriesName },
  ): Promise<Map<string, HistoryPoint[]>> {
    const sql = this.#sql;
    const { table, widthMs } = RESOLUTIONS[resolution];
    const rows = await sql<{ node_id: string; packed: Buffer | null }[]>`
      select node_id, string_agg(int4send((date_part('epoch', bucket) / ${sql.unsafe(String(widthMs / 1_000))})::int)
        || ${sql.unsafe(packedSql(series))}, ''::bytea order by bucket) as packed
      from ${sql(table)}
      where node_id = any(${[...nodeIds]}::text[]) and bucket >= ${new Date(from)} and bucket < ${new Date(to)}
      group by node_id`;
    return new Map(
      rows.flatMap(({ node_id, packed }) =>
        packed === null ? [] : [[node_id, unpackPoints(packed, widthMs)] as const],
      ),
    );
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

/** Of `stats` the bytes of one series, null where it has no sample: it stands behind at most as many as come before it. */
function packedSql(series: SeriesName): string {
  const index = SERIES.indexOf(series);
  const places = Array.from({ length: index + 1 }, (_, before) => (index - before) * PACKED_BYTES);
  const cases = places.map(
    (at) =>
      `when octet_length(stats) > ${at} and get_byte(stats, ${at}) = ${index} then substring(stats from ${at + 1} for ${PACKED_BYTES})`,
  );
  return `case ${cases.join(' ')} end`;
}

const NUMBER_BYTES = 4;

/** What `seriesByNode` packs: an interval's number and its stats, again and again; several writers' of an interval in a row. */
function unpackPoints(packed: Buffer, widthMs: number): HistoryPoint[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const points: HistoryPoint[] = [];
  let held: { at: number; stats: SeriesStats } | undefined;
  for (let offset = 0; offset < packed.length; offset += NUMBER_BYTES + PACKED_BYTES) {
    const at = view.getInt32(offset) * widthMs;
    const stats = unpackSeries(view, offset + NUMBER_BYTES);
    if (held?.at === at) {
      points.pop();
      held = { at, stats: added(held.stats, stats) };
    } else held = { at, stats };
    points.push(pointOf(held.at, held.stats));
  }
  return points;
}

function added(one: SeriesStats, other: SeriesStats): SeriesStats {
  return {
    count: one.count + other.count,
    min: Math.min(one.min, other.min),
    max: Math.max(one.max, other.max),
    sum: one.sum + other.sum,
  };
}

function pointsOf(at: number, stats: Stats, series: SeriesName): HistoryPoint[] {
  const found = stats.of(series);
  return found === undefined ? [] : [pointOf(at, found)];
}

function pointOf(at: number, { count, min, max, sum }: SeriesStats): HistoryPoint {
  return { at, min, avg: sum / count, max, count };
}
