import { MINUTES_MASK } from '@stoa/protocol';
import { countMinutes, type Hour, wordPoints } from '@stoa/protocol/stoicism';
import { CAUSES, type Cause, COSTING_GATES, LOSSES, type Loss } from './cause.ts';

/** An hour of a node, and what its minutes were worth. */
export interface WorthHour {
  /** Whole hours since 1970. */
  readonly hubHour: number;
  readonly hour: Hour;
  /** Minutes that count: those that are over, since the node joined. */
  readonly elapsed: bigint;
  /** Its ServerScore then, in whole 1e-6; 0 where it had none. */
  readonly micro: number;
  /** It is not closed: what the hub alone saw so far. */
  readonly open: boolean;
}

/** A word for each cause; each elapsed minute is in one of them. */
export type SplitHour = Readonly<Record<Cause, bigint>>;

/** What became of each minute of an hour. */
export function splitHour({ hour, elapsed }: Pick<WorthHour, 'hour' | 'elapsed'>): SplitHour {
  let left = elapsed & MINUTES_MASK;
  const take = (word: bigint) => {
    const taken = left & word;
    left &= ~taken;
    return taken;
  };
  const away = take(~(hour.supported | hour.unsupported) & MINUTES_MASK);
  const unsupported = take(hour.unsupported);
  const unjudged = take(hour.unjudged);
  const gates = Object.fromEntries(
    COSTING_GATES.map(({ cause, gate }) => [cause, take(hour.failures[gate] ?? 0n)]),
  ) as Record<Exclude<Loss, 'away' | 'unsupported' | 'unjudged'>, bigint>;
  const waits = take(hour.pending);
  return { away, unsupported, unjudged, ...gates, waits, paid: left };
}

export interface Amount {
  readonly minutes: number;
  /** Units of 1e-12 points. */
  readonly units: bigint;
}

export interface LossStep extends Amount {
  readonly cause: Loss;
  /** Of them those that nothing else would have cost: what mending this alone gives back. */
  readonly alone: Amount;
}

/** Of all that could be earned, what was, and what took the rest: `possible` = the costs + `waits` + `paid`, exactly. */
export interface Waterfall {
  readonly possible: Amount;
  readonly losses: readonly LossStep[];
  readonly waits: Amount;
  readonly paid: Amount;
  /** Of `waits` and `paid` the minutes of a hub's gap. */
  readonly gap: Amount;
}

export function waterfallOf(hours: readonly WorthHour[]): Waterfall {
  const split = hours.map((hour) => ({ ...hour, by: splitHour(hour) }));
  const sum = (of: (hour: (typeof split)[number]) => bigint) =>
    add(split.map((hour) => worth(of(hour), hour.micro)));
  const losses = LOSSES.map((cause) => ({
    cause,
    ...sum(({ by }) => by[cause]),
    alone: sum((hour) => hour.by[cause] & ~otherwiseLost(hour.hour, cause)),
  }));
  return {
    possible: sum(({ elapsed }) => elapsed & MINUTES_MASK),
    losses,
    waits: sum(({ by }) => by.waits),
    paid: sum(({ by }) => by.paid),
    gap: sum(({ by, hour }) => (by.waits | by.paid) & hour.gap),
  };
}

/** Minutes that another gate than this cost as well. Of minutes that nobody judged nothing is known. */
function otherwiseLost({ failures }: Hour, cause: Loss): bigint {
  if (cause === 'away' || cause === 'unsupported' || cause === 'unjudged') return MINUTES_MASK;
  return COSTING_GATES.reduce(
    (word, other) => (other.cause === cause ? word : word | (failures[other.gate] ?? 0n)),
    0n,
  );
}

export function add(amounts: readonly Amount[]): Amount {
  return amounts.reduce(
    (all, { minutes, units }) => ({ minutes: all.minutes + minutes, units: all.units + units }),
    NOTHING,
  );
}

function worth(word: bigint, micro: number): Amount {
  return { minutes: countMinutes(word), units: wordPoints(word, micro) };
}

export const NOTHING: Amount = { minutes: 0, units: 0n };

/** Minutes of an hour in a row that became the same. */
export interface Run {
  readonly cause: Cause;
  /** First minute of the hour, and the one behind the last. */
  readonly from: number;
  readonly until: number;
  /** A hub's gap, paid by the rule. */
  readonly gap: boolean;
}

/** An hour from its first minute to its last; minutes that do not count are in no run. */
export function runsOf(by: SplitHour, gap: bigint): Run[] {
  const runs: Run[] = [];
  for (let minute = 0; minute < 60; minute += 1) {
    const bit = 1n << BigInt(minute);
    const cause = CAUSES.find((one) => (by[one] & bit) !== 0n);
    if (cause === undefined) continue;
    const isGap = (gap & bit) !== 0n;
    const last = runs.at(-1);
    if (last !== undefined && last.until === minute && last.cause === cause && last.gap === isGap)
      runs[runs.length - 1] = { ...last, until: minute + 1 };
    else runs.push({ cause, from: minute, until: minute + 1, gap: isGap });
  }
  return runs;
}
