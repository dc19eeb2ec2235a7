import { type GapLink, type GapWord, gapMinutes, hourOf, minutesWithin } from '@stoa/protocol/stoicism';
import { STORED_WITHIN } from './gap-keeper.ts';
import type { GapRecord, GapStore } from './gap-store.ts';
import type { HourStore, NodeLink } from './hour-store.ts';
import type { NodeHour, NodeHours } from './node-hour.ts';
import { standingAfter, standingBefore } from './standings.ts';
import type { StoredWord } from './word-store.ts';

const PAGE = 2_000;

/** What a page of nodes has to show for the gaps that touch an hour. */
interface Witnesses {
  readonly judged: ReadonlyMap<string, readonly StoredWord[]>;
  readonly chains: ReadonlyMap<string, readonly GapLink[]>;
}

/** Hours as both sides support them (decision 7), with what gaps of a hub cost nobody. */
export class Hours implements NodeHours {
  readonly #store: HourStore;
  readonly #gaps: Pick<GapStore, 'overlapping'>;

  constructor(by: { store: HourStore; gaps: Pick<GapStore, 'overlapping'> }) {
    this.#store = by.store;
    this.#gaps = by.gaps;
  }

  async *hours(
    hubHour: number,
    { after = '' }: { readonly after?: string } = {},
  ): AsyncGenerator<readonly NodeHour[]> {
    const gaps = await this.#gaps.overlapping({ from: hubHour * 60, until: (hubHour + 1) * 60 });
    for (let last: string | undefined = after; last !== undefined; ) {
      const nodeIds = await this.#store.nodes(hubHour, last, PAGE);
      if (nodeIds.length > 0) yield await this.#page(hubHour, nodeIds, gaps);
      last = nodeIds.length < PAGE ? undefined : nodeIds.at(-1);
    }
  }

  /** One node's hour; all zero where it left nothing. */
  async of(nodeId: string, hubHour: number): Promise<NodeHour> {
    const gaps = await this.#gaps.overlapping({ from: hubHour * 60, until: (hubHour + 1) * 60 });
    const [hour] = await this.#page(hubHour, [nodeId], gaps);
    return hour!;
  }

  async #page(hubHour: number, nodeIds: readonly string[], gaps: readonly GapRecord[]): Promise<NodeHour[]> {
    const traces = await this.#store.traces(hubHour, nodeIds);
    const witnesses = gaps.length === 0 ? undefined : await this.#witnesses(hubHour, nodeIds, gaps);
    return nodeIds.map((nodeId) => {
      const { words, checkpoint } = traces.get(nodeId)!;
      const granted =
        witnesses === undefined ? [] : gaps.map((gap) => grant(gap, hubHour, nodeId, witnesses));
      return { nodeId, hubHour, ...hourOf({ words, checkpoint, gaps: granted }) };
    });
  }

  async #witnesses(
    hubHour: number,
    nodeIds: readonly string[],
    gaps: readonly GapRecord[],
  ): Promise<Witnesses> {
    const first = Math.min(...gaps.map(({ from }) => hourOfMinute(from - 1)));
    const edges = gaps.flatMap(({ from, until }) => [
      hourOfMinute(from - 1),
      hourOfMinute(from + STORED_WITHIN),
      hourOfMinute(until),
      hourOfMinute(until + STORED_WITHIN),
    ]);
    const [judged, chains] = await Promise.all([
      this.#store.judged([...new Set(edges)], nodeIds),
      this.#store.chains({ from: first, until: hubHour }, nodeIds),
    ]);
    return {
      judged: Map.groupBy(judged, ({ nodeId }: StoredWord) => nodeId),
      chains: Map.groupBy(chains, ({ nodeId }: NodeLink) => nodeId),
    };
  }
}

/** The part of an hour that a gap grants to a node. */
function grant(gap: GapRecord, hubHour: number, nodeId: string, by: Witnesses): GapWord {
  const judged = by.judged.get(nodeId) ?? [];
  const chain = by.chains.get(nodeId) ?? [];
  // Before it the node was with that instance; whom it came back to does not matter.
  const own =
    gap.cause === 'mass-expiry' ? judged : judged.filter((word) => word.instanceId === gap.instanceId);
  const witness = { before: standingBefore(gap, own), after: standingAfter(gap, judged), chain };
  const { minutes, warming } = gapMinutes(gap, hubHour, witness);
  return { minutes: minutes & minutesWithin(gap.granted, hubHour), warming };
}

function hourOfMinute(minute: number): number {
  return Math.floor(minute / 60);
}
