import { MINUTES_MASK } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import { hubHourOf, startOf } from '../hub-hour.ts';
import { type Comparison, compareDays } from './drop.ts';
import type { HourSource, ModeSource, ScoreSource } from './sources.ts';
import type { EarningsStore } from './store.ts';
import type { KindSums } from './sums.ts';
import { type Waterfall, type WorthHour, waterfallOf } from './waterfall.ts';

export interface DayHour extends WorthHour {
  /** What the ledger wrote of it. */
  readonly written: KindSums;
}

/** A node's day, and how it compares with the one before. */
export interface NodeDay {
  readonly mode: 'shadow' | 'live';
  /** Whole days since 1970, UTC. */
  readonly day: number;
  readonly today: number;
  /** The newest hour first; those that are still to come are left out. */
  readonly hours: readonly DayHour[];
  readonly waterfall: Waterfall;
  /** Against as much of the day before; undefined where the node was not here then. */
  readonly comparison: Comparison | undefined;
}

export interface NodeDayDeps {
  readonly store: Pick<EarningsStore, 'nodeHours' | 'closed' | 'ownedSince'>;
  readonly hours: HourSource;
  readonly scores: Pick<ScoreSource, 'over'>;
  readonly ledger: ModeSource;
  readonly clock: Pick<Clock, 'now'>;
}

const DAY_HOURS = 24;
const MINUTE_MS = 60_000;
/** Minute words are kept so long: by the gates, and by who acknowledged them. */
export const DAYS_KEPT = 6;

export class NodeDays {
  readonly #deps: NodeDayDeps;

  constructor(deps: NodeDayDeps) {
    this.#deps = deps;
  }

  get today(): number {
    return Math.floor(hubHourOf(this.#deps.clock.now()) / DAY_HOURS);
  }

  /** Of the hours since it is its owner's. @param node.since when it joined, in ms. @param day today or one of those of which minutes are kept. */
  async read({ nodeId, since }: { nodeId: string; since: number }, day: number): Promise<NodeDay> {
    const { clock, ledger, store } = this.#deps;
    const now = clock.now();
    const from = day * DAY_HOURS;
    const until = Math.min(from + DAY_HOURS, hubHourOf(now) + 1);
    const owned = await store.ownedSince(nodeId, hubHourOf(now));
    const span = { from: Math.min(until, Math.max(from - DAY_HOURS, owned)), until };
    const [{ mode }, worth, written] = await Promise.all([
      ledger.head(),
      this.#worth(nodeId, span, { since, now }),
      store.nodeHours(nodeId, { from: Math.max(from, span.from), until }),
    ]);
    const hours = worth.filter(({ hubHour }) => hubHour >= from);
    const before = worth.filter(({ hubHour }) => hubHour < until - DAY_HOURS);
    const last = hours.at(-1)?.hubHour;
    const then = before.map((hour) =>
      hour.hubHour + DAY_HOURS === last ? { ...hour, elapsed: hour.elapsed & elapsedIn(last, now) } : hour,
    );
    return {
      ...{ mode, day, today: this.today },
      hours: hours.map((hour) => ({ ...hour, written: written.get(hour.hubHour) ?? new Map() })).reverse(),
      waterfall: waterfallOf(hours),
      comparison: then.some(({ elapsed }) => elapsed !== 0n) ? compareDays(hours, then) : undefined,
    };
  }

  async #worth(
    nodeId: string,
    span: { from: number; until: number },
    { since, now }: { since: number; now: number },
  ): Promise<WorthHour[]> {
    const { hours, scores, store } = this.#deps;
    const [words, scored, closed] = await Promise.all([
      hours.span(nodeId, span),
      scores.over(nodeId, span),
      store.closed(span),
    ]);
    const open = words.filter(({ hubHour }) => !closed.has(hubHour)).map(({ hubHour }) => hubHour);
    // Of the newest two alone: older hours that a ledger is late with have their checkpoints by now.
    const running = await Promise.all(open.slice(-2).map((hour) => hours.soFar(hour, [nodeId])));
    const soFar = new Map(running.flat().map((hour) => [hour.hubHour, hour]));
    return words.map((word) => ({
      hubHour: word.hubHour,
      hour: soFar.get(word.hubHour) ?? word,
      elapsed: elapsedIn(word.hubHour, now) & ~elapsedIn(word.hubHour, since),
      micro: scored.get(word.hubHour)?.micro ?? 0,
      open: !closed.has(word.hubHour),
    }));
  }
}

/** Minutes of an hour that are over at an instant. */
export function elapsedIn(hubHour: number, at: number): bigint {
  const minutes = Math.floor((at - startOf(hubHour)) / MINUTE_MS);
  return MINUTES_MASK & ((1n << BigInt(Math.min(60, Math.max(0, minutes)))) - 1n);
}
