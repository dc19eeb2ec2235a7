import type { HistoryPoint, HistoryStore } from '#history/index.ts';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { Markup } from '../console/markup.ts';
import { sparkline } from '../console/sparkline.ts';

const HOUR = 3_600_000;
const HOURS = 24;
/** Hours are written as often: `recorder.ts`. */
const HELD_MS = 5 * 60_000;
/** Nodes on open pages and on pages just read; about 300 bytes each. Twice as many are held at most. */
const GENERATION = 10_000;

/** How busy a node was, hour by hour: a line of means, and its extremes. */
export interface CpuDay {
  /** Whole percent: `3 to 78 %`. */
  readonly span: string;
  /** The line as a path. */
  readonly path: Markup;
}

type Days = ReadonlyMap<string, CpuDay>;

/** `day` undefined: nothing was stored. */
interface Held {
  readonly day: CpuDay | undefined;
  readonly readAt: number;
}

/** Pages that are asked for at once share a query: with many readers the statements, not the rows, are what costs. */
const TOGETHER = { windowMs: 1, maxItems: 100 };

/** The last 24 hours of nodes as their rows show them; read once in five minutes, however many look. */
export class CpuDays {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #pages: Batcher<readonly string[], Days>;
  /*
   * The older generation goes whole when the younger is full. Letting single entries go by their age instead costs a walk
   * over the places of all that went before, since a Map keeps those: a quarter of what a page took.
   */
  #young = new Map<string, Held>();
  #old: ReadonlyMap<string, Held> = new Map();

  constructor(by: { history: Pick<HistoryStore, 'seriesByNode'>; clock: Clock }) {
    this.#clock = by.clock;
    this.#pages = new Batcher({ clock: by.clock, ...TOGETHER }, async (pages) => {
      const days = await this.#load([...new Set(pages.flat())], by.history);
      return pages.map(() => days);
    });
  }

  /** By node id; nodes without a measured hour are absent. One query at most. */
  async read(nodeIds: readonly string[]): Promise<Days> {
    const now = this.#clock.now();
    const days = new Map<string, CpuDay>();
    const due: string[] = [];
    for (const id of nodeIds) {
      const held = this.#young.get(id) ?? this.#old.get(id);
      if (held === undefined || now - held.readAt >= HELD_MS) due.push(id);
      else if (held.day !== undefined) days.set(id, held.day);
    }
    if (due.length === 0) return days;
    const read = await this.#pages.submit(due);
    for (const id of due) {
      const day = read.get(id);
      if (day !== undefined) days.set(id, day);
    }
    return days;
  }

  async #load(ids: readonly string[], history: Pick<HistoryStore, 'seriesByNode'>): Promise<Days> {
    const now = this.#clock.now();
    const from = Math.floor(now / HOUR) * HOUR - (HOURS - 1) * HOUR;
    const read = await history.seriesByNode(ids, { series: 'cpu', resolution: '1h', from, to: now });
    const days = new Map<string, CpuDay>();
    for (const id of ids) {
      const day = cpuDay(read.get(id) ?? [], from);
      this.#hold(id, { day, readAt: now });
      if (day !== undefined) days.set(id, day);
    }
    return days;
  }

  #hold(id: string, held: Held): void {
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, held);
  }
}

/** @param from where the first of 24 hours begins. */
export function cpuDay(points: readonly HistoryPoint[], from: number): CpuDay | undefined {
  if (points.length === 0) return undefined;
  const shares: (number | undefined)[] = Array.from({ length: HOURS });
  let [lowest, highest] = [1, 0];
  for (const { at, min, avg, max } of points) {
    shares[(at - from) / HOUR] = avg;
    lowest = Math.min(lowest, min);
    highest = Math.max(highest, max);
  }
  const span = `${Math.round(lowest * 100)} to ${Math.round(highest * 100)} %`;
  return { span, path: new Markup(sparkline(shares)) };
}
