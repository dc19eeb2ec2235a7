import type { CryptoSuite } from '@stoa/protocol';
import { type GapLink, type GapWord, gapMinutes, hourOf, minutesWithin } from '@stoa/protocol/stoicism';
import { STORED_WITHIN } from './gap-rule.ts';
import { gapDocument } from './gap-seal.ts';
import type { GapRecord, GapStore } from './gap-store.ts';
import type { HourStore, NodeLink } from './hour-store.ts';
import { type NodeTraces, UNTOLD } from './hour-traces.ts';
import { LeftOut } from './left-out.ts';
import type { NodeHour, NodeHours } from './node-hour.ts';
import { standingAfter, standingBefore } from './standings.ts';
import type { StoredWord } from './word-store.ts';

const PAGE = 2_000;
const NOBODY: ReadonlySet<string> = new Set();
const NOTHING = new LeftOut();

/** What of the evidence counts: whoever writes to the database is no witness by that alone. */
export interface Trust {
  /** Words of the hour that don't, by what their instances signed. */
  refused(hubHour: number): Promise<LeftOut>;
  /** Those of the gaps that do. */
  vouched(gaps: readonly GapRecord[]): Promise<readonly GapRecord[]>;
  /** Nodes that did not sign what stands as theirs, as far as a sample tells. */
  forged(hubHour: number, checkpoints: ReadonlyMap<string, Uint8Array>): Promise<ReadonlySet<string>>;
}

/** A gap, with the `hash` of its signed record; undefined where nobody signed it. */
interface HeardGap extends GapRecord {
  readonly hash: Uint8Array | undefined;
}

/** Of an hour, what holds for all of its nodes. */
interface Hearing {
  readonly hubHour: number;
  readonly gaps: readonly HeardGap[];
  readonly out: LeftOut;
}

/** What a page of nodes has to show for the gaps that touch an hour. */
interface Witnesses {
  readonly judged: ReadonlyMap<string, readonly StoredWord[]>;
  readonly chains: ReadonlyMap<string, readonly GapLink[]>;
}

/**
 * Hours as both sides support them (decision 7), with what gaps of a hub cost nobody. Who pays by them has what is written
 * held against signatures first (`trust`); who shows them takes it as it stands.
 */
export class Hours implements NodeHours {
  readonly #store: HourStore;
  readonly #gaps: Pick<GapStore, 'overlapping'>;
  readonly #hash: CryptoSuite['hash'];
  readonly #trust: Trust | undefined;

  constructor(by: {
    store: HourStore;
    gaps: Pick<GapStore, 'overlapping'>;
    crypto: Pick<CryptoSuite, 'hash'>;
    trust?: Trust;
  }) {
    this.#store = by.store;
    this.#gaps = by.gaps;
    this.#hash = by.crypto.hash;
    this.#trust = by.trust;
  }

  async *hours(
    hubHour: number,
    { after = '' }: { readonly after?: string } = {},
  ): AsyncGenerator<readonly NodeHour[]> {
    const hearing = await this.#hearing(hubHour);
    const { out } = hearing;
    const bounds = await this.#store.bounds({ after, count: PAGE });
    for (const [index, last] of [...bounds, undefined].entries()) {
      const from = index === 0 ? after : bounds[index - 1]!;
      const nodes = await this.#store.page(hubHour, { after: from, last, out });
      if (nodes.length > 0) yield await this.#judge(hearing, nodes);
    }
  }

  /** One node's hour; all zero where it left nothing. */
  async of(nodeId: string, hubHour: number): Promise<NodeHour> {
    const hearing = await this.#hearing(hubHour);
    const traces = await this.#store.traces(hubHour, [nodeId], hearing.out);
    const [hour] = await this.#judge(hearing, [{ nodeId, ...traces.get(nodeId)! }]);
    return hour!;
  }

  async #hearing(hubHour: number): Promise<Hearing> {
    const span = { from: hubHour * 60, until: (hubHour + 1) * 60 };
    const [written, out] = await Promise.all([
      this.#gaps.overlapping(span),
      this.#trust?.refused(hubHour) ?? NOTHING,
    ]);
    const gaps = written.length === 0 ? written : ((await this.#trust?.vouched(written)) ?? written);
    return { hubHour, gaps: gaps.map((gap) => this.#heard(gap)), out };
  }

  #heard(gap: GapRecord): HeardGap {
    const document = gapDocument(gap);
    return { ...gap, hash: document && this.#hash(document) };
  }

  async #judge({ hubHour, gaps }: Hearing, nodes: readonly NodeTraces[]): Promise<NodeHour[]> {
    const forged = (await this.#trust?.forged(hubHour, sealedIn(nodes))) ?? NOBODY;
    const nodeIds = nodes.map(({ nodeId }) => nodeId);
    const witnesses = gaps.length === 0 ? undefined : await this.#witnesses(hubHour, nodeIds, gaps);
    return nodes.map(({ nodeId, words, ...told }) => {
      const { checkpoint, checkpointHash } = forged.has(nodeId) ? UNTOLD : told;
      const granted =
        witnesses === undefined ? [] : gaps.map((gap) => grant(gap, hubHour, nodeId, witnesses));
      const hour = hourOf({ words, checkpoint, gaps: granted });
      const gapRecords = recordsOf(hour.gap, gaps, granted);
      return { nodeId, hubHour, checkpoint: checkpointHash, gapRecords, ...hour };
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
      this.#judged([...new Set(edges)], nodeIds),
      this.#store.chains({ from: first, until: hubHour }, nodeIds),
    ]);
    return {
      judged: Map.groupBy(judged, ({ nodeId }: StoredWord) => nodeId),
      chains: Map.groupBy(chains, ({ nodeId }: NodeLink) => nodeId),
    };
  }

  async #judged(hubHours: readonly number[], nodeIds: readonly string[]): Promise<StoredWord[]> {
    const words = await this.#store.judged(hubHours, nodeIds);
    if (this.#trust === undefined) return words;
    const refused = new Map<number, LeftOut>();
    for (const hubHour of hubHours) refused.set(hubHour, await this.#trust.refused(hubHour));
    return words.filter((word) => !refused.get(word.hubHour)!.has(word));
  }
}

function sealedIn(nodes: readonly NodeTraces[]): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const { nodeId, sealed } of nodes) if (sealed !== undefined) found.set(nodeId, sealed);
  return found;
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

/** Of the gaps that granted a node something, in their order, those without which a minute of the hour would be nobody's. */
function recordsOf(word: bigint, gaps: readonly HeardGap[], granted: readonly GapWord[]): Uint8Array[] {
  let open = word;
  return granted.flatMap(({ minutes }, i) => {
    const hash = gaps[i]!.hash;
    if ((minutes & open) === 0n || hash === undefined) return [];
    open &= ~minutes;
    return [hash];
  });
}

function hourOfMinute(minute: number): number {
  return Math.floor(minute / 60);
}
