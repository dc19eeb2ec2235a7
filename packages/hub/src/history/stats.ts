import { type Readings, SERIES, type SeriesName } from './series.ts';

/** Of one series in one interval. `avg` is `sum / count`. */
export interface SeriesStats {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
}

const FIELDS = 4;
/** Of one series in `pack`. */
export const PACKED_BYTES = 1 + 2 + 4 + 4 + 8;

/**
 * Count, minimum, maximum and sum of every series in one interval. Adding and merging commute, so samples and partial
 * intervals may come in any order and by any way. Values are float4: then a sum of an hour's samples has no rounding
 * that could depend on the order (unless they lie more than 2^20 apart).
 */
export class Stats {
  readonly #fields: Float64Array;

  constructor() {
    this.#fields = new Float64Array(SERIES.length * FIELDS);
  }

  add(readings: Readings): void {
    for (let index = 0; index < SERIES.length; index += 1) {
      const value = Math.fround(readings[SERIES[index]!] ?? Number.NaN);
      if (Number.isFinite(value)) this.#merge(index, { count: 1, min: value, max: value, sum: value });
    }
  }

  merge(other: Stats): void {
    for (const [index, series] of SERIES.entries()) {
      const stats = other.of(series);
      if (stats) this.#merge(index, stats);
    }
  }

  of(series: SeriesName): SeriesStats | undefined {
    const at = SERIES.indexOf(series) * FIELDS;
    const [count, min, max, sum] = this.#fields.subarray(at, at + FIELDS);
    return count === 0 ? undefined : { count: count!, min: min!, max: max!, sum: sum! };
  }

  /** Per series with samples: position u8, count u16, min f32, max f32, sum f64; big-endian. */
  pack(): Uint8Array {
    const bytes = new Uint8Array(SERIES.length * PACKED_BYTES);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const [index, series] of SERIES.entries()) {
      const stats = this.of(series);
      if (!stats) continue;
      view.setUint8(at, index);
      view.setUint16(at + 1, stats.count);
      view.setFloat32(at + 3, stats.min);
      view.setFloat32(at + 7, stats.max);
      view.setFloat64(at + 11, stats.sum);
      at += PACKED_BYTES;
    }
    return bytes.subarray(0, at);
  }

  /** Series that this version does not know are passed over: a newer hub wrote them. */
  static unpack(bytes: Uint8Array): Stats {
    const stats = new Stats();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + PACKED_BYTES <= bytes.length; at += PACKED_BYTES) {
      const index = view.getUint8(at);
      if (index >= SERIES.length) continue;
      stats.#merge(index, unpackSeries(view, at));
    }
    return stats;
  }

  #merge(index: number, { count, min, max, sum }: SeriesStats): void {
    const fields = this.#fields;
    const at = index * FIELDS;
    const first = fields[at] === 0;
    fields[at]! += count;
    fields[at + 1] = first ? min : Math.min(fields[at + 1]!, min);
    fields[at + 2] = first ? max : Math.max(fields[at + 2]!, max);
    fields[at + 3]! += sum;
  }
}

/** The series that `pack` wrote at `at`. */
export function unpackSeries(view: DataView, at: number): SeriesStats {
  const [min, max] = [view.getFloat32(at + 3), view.getFloat32(at + 7)];
  return { count: view.getUint16(at + 1), min, max, sum: view.getFloat64(at + 11) };
}
