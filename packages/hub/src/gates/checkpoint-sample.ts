import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type CryptoSuite,
  checkpointKind,
  equalBytes,
  fromHex,
  open,
  ProtocolError,
  type Random,
} from '@stoa/protocol';
import type { HourStore } from './hour-store.ts';

/** Of a page of 2,000: who forges them for a hundredth of a fleet of 200,000 is found with all but 1 in 3,000. */
const DRAWN = 8;
const A_TURN = 100;

export interface CheckpointSampleDeps {
  readonly store: Pick<HourStore, 'keys'>;
  readonly random: Random;
  readonly crypto: CryptoSuite;
}

/**
 * Checkpoints were verified as they came in; what stands in the database need not be what came. Some of each page are opened
 * again, and all of it where one of those is false.
 */
export class CheckpointSample {
  readonly #deps: CheckpointSampleDeps;

  constructor(deps: CheckpointSampleDeps) {
    this.#deps = deps;
  }

  /** Nodes that did not sign theirs. */
  async forged(checkpoints: ReadonlyMap<string, Uint8Array>): Promise<ReadonlySet<string>> {
    const ids = [...checkpoints.keys()];
    const drawn = await this.#forgedOf(this.#draw(ids), checkpoints);
    return drawn.size === 0 ? drawn : this.#forgedOf(ids, checkpoints);
  }

  #draw(ids: readonly string[]): readonly string[] {
    if (ids.length <= DRAWN) return ids;
    const bytes = this.#deps.random(DRAWN * 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: DRAWN }, (_, i) => ids[view.getUint32(i * 4) % ids.length]!);
  }

  async #forgedOf(
    ids: readonly string[],
    checkpoints: ReadonlyMap<string, Uint8Array>,
  ): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const keys = await this.#deps.store.keys(ids);
    const forged = new Set<string>();
    for (const [i, id] of ids.entries()) {
      // Of a node that is no more, nobody has the key.
      const held = keys.get(id);
      if (held !== undefined && !held.some((key) => this.#isOf(id, checkpoints.get(id)!, key)))
        forged.add(id);
      if (i % A_TURN === A_TURN - 1) await nextTurn();
    }
    return forged;
  }

  #isOf(nodeId: string, sealed: Uint8Array, key: Uint8Array): boolean {
    try {
      return equalBytes(open(checkpointKind, sealed, this.#deps.crypto, key).nodeId, fromHex(nodeId));
    } catch (error) {
      if (error instanceof ProtocolError) return false;
      throw error;
    }
  }
}
