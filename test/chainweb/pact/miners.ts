import type { SimulatedNode } from '../node.ts';
import type { PayloadPlace } from '../payloads.ts';
import type { Command } from './command.ts';
import type { Miner, PactLedger } from './ledger.ts';

/** What miners whom no node follows put into a block, in this order. */
export type Script = (place: PayloadPlace) => Iterable<Command>;

/** The version's hard cap, which no node's own limit exceeds. */
const HARD_GAS_LIMIT = 2_000_000;

/** Whose mempool each block is filled from: one of the nodes that follow its branch, by lot. */
export class PactMiners {
  readonly #ledger: PactLedger;
  readonly #nodes: readonly SimulatedNode[];
  readonly #scripts = new Map<number, Script>();

  constructor(ledger: PactLedger, nodes: readonly SimulatedNode[]) {
    this.#ledger = ledger;
    this.#nodes = nodes;
  }

  script(branch: number, script: Script | undefined): void {
    if (script === undefined) this.#scripts.delete(branch);
    else this.#scripts.set(branch, script);
  }

  mine(place: PayloadPlace, foundAt: number): string {
    return this.#ledger.mine(place, this.#minerOf(place, foundAt));
  }

  #minerOf(place: PayloadPlace, foundAt: number): Miner | undefined {
    const script = this.#scripts.get(place.branch);
    if (script !== undefined) return { candidates: script(place), gasLimit: HARD_GAS_LIMIT };
    return this.#drawn(place)?.pact.minerAt(place, foundAt);
  }

  /** By lot, or the next after it that mines on this branch. */
  #drawn({ salt, branch }: PayloadPlace): SimulatedNode | undefined {
    const count = this.#nodes.length;
    for (let i = 0; i < count; i += 1) {
      const node = this.#nodes[(salt + i) % count];
      if (node?.settings.mines === true && !node.frozen && node.follows(branch)) return node;
    }
    return undefined;
  }
}
