/** What a hub may grant by itself, a UTC day and instance. Longer takes an admin's act. */
export const DAY_ALLOWANCE_MINUTES = 120;
const DAY_MINUTES = 1_440;
/** A word is stored within so many ticks of its minute. */
export const STORED_WITHIN = 5;
/** Agents that lost their hub are back by then: they ask again every ten minutes at the latest. */
export const RETURN_MINUTES: { readonly least: number; readonly most: number } = { least: 5, most: 12 };
/** From the first minute that may not be stored to the first that the hub was not there for. */
const BEFORE_MINUTES = STORED_WITHIN + 1;
/** What of a granted span counts against no allowance, at the most. */
export const UNCOUNTED_MINUTES: number = BEFORE_MINUTES + RETURN_MINUTES.most;
/** Uncounted minutes of a UTC day beyond these, three outages' worth, count like the others. */
export const UNCOUNTED_A_DAY: number = 3 * UNCOUNTED_MINUTES;
/** A span that begins with the last minutes of a day may be counted in the next. */
export const ALLOWANCE_SLACK: number = BEFORE_MINUTES;

/** Minutes since 1970. */
export interface Outage {
  /** First minute of which nothing may be stored; the last ones before the outage itself count against no allowance. */
  readonly from: number;
  readonly downFrom: number;
  /** The hub is there again. */
  readonly downUntil: number;
  /** Its nodes are back, by then. */
  readonly until: number;
}

export interface GrantedSpan {
  readonly from: number;
  readonly until: number;
  readonly counted: number;
}

/**
 * The parts of an outage that cost nobody by rule: of each UTC day as much as its allowance has left, from the outage's
 * beginning; the nodes' return only where all before it is granted.
 * @param used minutes that count already, by day since 1970.
 */
export function grantedSpans(outage: Outage, used: (day: number) => number): GrantedSpan[] {
  const { downFrom, downUntil } = outage;
  const first = dayOf(downFrom);
  const days = dayOf(Math.max(downFrom, downUntil - 1)) - first + 1;
  return Array.from({ length: days }, (_, i) => first + i).flatMap((day) => {
    const begin = Math.max(day * DAY_MINUTES, downFrom);
    const end = Math.min((day + 1) * DAY_MINUTES, downUntil);
    const left = DAY_ALLOWANCE_MINUTES - used(day);
    if (left < 0) return [];
    const from = day === first ? outage.from : begin;
    if (end - begin <= left)
      return [{ from, until: end === downUntil ? outage.until : end, counted: end - begin }];
    return left === 0 ? [] : [{ from, until: begin + left, counted: left }];
  });
}

/** What spans of one day take of its allowance. @param toCome uncounted minutes that another may take. */
export function takenBy(spans: readonly GrantedSpan[], toCome = 0): number {
  const counted = spans.reduce((sum, span) => sum + span.counted, 0);
  const granted = spans.reduce((sum, span) => sum + span.until - span.from, 0);
  return counted + Math.max(0, granted - counted + toCome - UNCOUNTED_A_DAY);
}

/** Of which day's allowance a granted span takes. @param from its first minute. */
export function allowanceDay({ from }: Pick<GrantedSpan, 'from'>): number {
  return dayOf(from + BEFORE_MINUTES);
}

export function dayOf(minute: number): number {
  return Math.floor(minute / DAY_MINUTES);
}
