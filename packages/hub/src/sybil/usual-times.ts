/** How long what a node takes alone is taken for what it takes. */
const MEASURED_MS = 24 * 3_600_000;
/** How long it is held against the least that it once took. */
const LEAST_MS = 7 * 24 * 3_600_000;

/** What a node takes by itself, ms: the least of a week, for nobody is quicker than its machine, and anybody may be slower. */
export interface Usual {
  readonly rttMs: number;
  /** Beyond the round trip. */
  readonly aloneMs: number;
}

interface Taken {
  readonly at: number;
  readonly ms: number;
}

/** The least of the week, then the least after that, and so on: each later than the one before, and larger. */
type Least = readonly Taken[];

interface Times {
  /** When it was asked alone. */
  readonly at: number;
  readonly isAble: boolean;
  readonly trips: Least;
  /** With the round trip: so a trip that stumbled takes nothing from the work. */
  readonly works: Least;
}

/** What nodes take by themselves, in the memory of this instance. All times in ms, by whatever the hub measures. */
export class UsualTimes {
  readonly #times = new Map<string, Times>();

  isKnown(nodeId: string, now: number): boolean {
    const times = this.#times.get(nodeId);
    return times !== undefined && now - times.at < MEASURED_MS;
  }

  /** undefined for a node that could not answer, or was never asked. */
  of(nodeId: string): Usual | undefined {
    const times = this.#times.get(nodeId);
    const [[trip], [work]] = [times?.trips ?? [], times?.works ?? []];
    if (!times?.isAble || trip === undefined || work === undefined) return undefined;
    return { rttMs: trip.ms, aloneMs: Math.max(0, work.ms - trip.ms) };
  }

  alone(nodeId: string, at: number, tripMs: number, workMs: number): void {
    const { trips = [], works = [] } = this.#times.get(nodeId) ?? {};
    const times = { trips: withTaken(trips, at, tripMs), works: withTaken(works, at, workMs) };
    this.#times.set(nodeId, { at, isAble: true, ...times });
  }

  /** Asked with others: where it was quicker than alone, that is what it takes. */
  together(nodeId: string, at: number, workMs: number): void {
    const times = this.#times.get(nodeId);
    if (times !== undefined) this.#times.set(nodeId, { ...times, works: withTaken(times.works, at, workMs) });
  }

  unable(nodeId: string, at: number): void {
    this.#times.set(nodeId, { trips: [], works: [], ...this.#times.get(nodeId), at, isAble: false });
  }

  /** Of nodes that have not been here for a week. */
  forgetBefore(now: number): void {
    for (const [nodeId, { at }] of this.#times) if (now - at > LEAST_MS) this.#times.delete(nodeId);
  }
}

function withTaken(least: Least, at: number, ms: number): Least {
  return [...least.filter((one) => one.at > at - LEAST_MS && one.ms < ms), { at, ms }];
}
