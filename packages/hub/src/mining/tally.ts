import { type Header, minerOf } from '@stoa/protocol/chainweb';
import { HubError } from '../error.ts';
import type { Task } from '../ticker.ts';
import type { VerifiedSet } from '../tips/index.ts';
import type { PayloadSource } from './payload-source.ts';
import { type ChainProgress, KEPT_DAYS, type MinedBlock, type MiningStore } from './store.ts';

export interface MiningTallyDeps {
  readonly set: Pick<VerifiedSet, 'heads' | 'past' | 'get' | 'onCanonical' | 'orphans'>;
  readonly source: Pick<PayloadSource, 'payloads' | 'ancestors'>;
  readonly store: MiningStore;
  readonly clock: { now(): number };
}

/** Blocks this far below a head are counted: ten minutes, beyond what chains reorganise but for a fault. */
export const COUNTED_DEPTH = 20;
/** Of a chain in a tick: a hub that was away catches up a day's blocks in half an hour. */
const BLOCKS_A_TICK = 500;
const KEPT_MS = KEPT_DAYS * 86_400_000;
const HOUR_MS = 3_600_000;

/**
 * Counts whose blocks are. A block counts once it is deep in the verified set and its payload hashes to its header, so neither a
 * miner nor the node that is asked can add one. Without a hole: what the set no longer holds is asked for and followed by
 * hashes, and a chain of which something is missing waits. One process of the region runs it.
 */
export class MiningTally implements Task {
  readonly name = 'mining-tally';
  readonly periodMs = 300_000;
  readonly #deps: MiningTallyDeps;
  #sweptAt = 0;

  constructor(deps: MiningTallyDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { set, store, clock } = this.#deps;
    if (clock.now() >= this.#sweptAt + HOUR_MS) {
      this.#sweptAt = clock.now();
      await store.forgetBefore(clock.now() - KEPT_MS);
    }
    const progress = new Map((await store.progress()).map((one) => [one.chain, one]));
    const counts = [
      ...set.heads().map((head) => () => this.#count(head, progress.get(head.chain))),
      () => this.#countOrphans(),
    ];
    const faults: unknown[] = [];
    // A chain that has to wait holds up no other.
    for (const count of counts) await count().catch((fault: unknown) => faults.push(fault));
    if (faults.length > 0) throw faults[0];
  }

  #count(head: Header, counted: ChainProgress | undefined): Promise<void> {
    return counted === undefined ? this.#begin(head) : this.#advance(head, counted);
  }

  /** Nothing before the first look is counted: a hub begins where it knows. */
  async #begin(head: Header): Promise<void> {
    const [first] = this.#deep(head, -1);
    if (first !== undefined) await this.#deps.store.begin(placeOf(first));
  }

  async #advance(head: Header, counted: ChainProgress): Promise<void> {
    const { set, store, source } = this.#deps;
    if (set.get(counted.hash) !== undefined && !set.onCanonical(counted.hash)) {
      await this.#rewind(counted);
      return;
    }
    const held = this.#deep(head, counted.height);
    const lowest = held.at(-1);
    if (lowest === undefined) return;
    const path = [...held, ...(await source.ancestors(lowest, counted.height))].reverse();
    if (path[0]!.parent !== counted.hash)
      throw new HubError(
        'chain_left',
        `chain ${head.chain} is counted up to ${counted.hash} at height ${counted.height}, which is no ancestor of its head: ` +
          'another branch won, deeper than the hub remembers; its row of mining_progress has to be removed by hand',
        { retry: false },
      );
    const blocks = await this.#blocksOf(path.slice(0, BLOCKS_A_TICK));
    await store.advance(counted, blocks);
  }

  /** Winning headers that are deep enough, down to above a height or as far as the set holds them, the highest first. */
  #deep(head: Header, above: number): readonly Header[] {
    const { set } = this.#deps;
    const path = set.past(head.hash, ({ height }) => height <= above);
    return path.filter(({ height }) => height <= head.height - COUNTED_DEPTH);
  }

  /** Down to the last block that both branches have. */
  async #rewind(counted: ChainProgress): Promise<void> {
    const { set, store } = this.#deps;
    const lost = set.past(counted.hash, ({ hash }) => set.onCanonical(hash));
    const meet = set.get(lost.at(-1)?.parent ?? '');
    if (meet !== undefined) await store.rewind(counted, placeOf(meet));
  }

  async #countOrphans(): Promise<void> {
    const { set, store } = this.#deps;
    const orphans = set.orphans(COUNTED_DEPTH);
    const known = await store.known(orphans.map(({ hash }) => hash));
    const fresh = orphans.filter(({ hash }) => !known.has(hash));
    const found: MinedBlock[] = [];
    // A node need not have the payload of what lost: then nobody knows whose it was, and nobody is told it was theirs.
    for (const headers of Map.groupBy(fresh, ({ chain }) => chain).values())
      found.push(...(await this.#blocksOf(headers, { whole: false })));
    await store.orphans(found);
  }

  /** Up to the first whose payload is missing where they are a chain; those that there are where they are none. */
  async #blocksOf(headers: readonly Header[], { whole = true } = {}): Promise<MinedBlock[]> {
    const [first] = headers;
    if (first === undefined) return [];
    const payloads = await this.#deps.source.payloads(
      first.chain,
      headers.map((header) => header.payloadHash),
    );
    const missing = headers.findIndex((header) => !payloads.has(header.payloadHash));
    const complete = whole && missing >= 0 ? headers.slice(0, missing) : headers;
    return complete.flatMap((header) => {
      const payload = payloads.get(header.payloadHash);
      return payload === undefined ? [] : [{ ...placeOf(header), key: keyOf(minerOf(payload)?.keys) }];
    });
  }
}

/** Of a block that pays one key. One that several have to sign for is nobody's alone. */
function keyOf(keys: readonly string[] | undefined): string {
  return keys?.length === 1 ? keys[0]! : '';
}

function placeOf({ chain, height, hash, creationTime }: Header): Omit<MinedBlock, 'key'> {
  return { chain, height, hash, at: Number(creationTime / 1_000n) };
}
