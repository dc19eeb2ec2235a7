import type { Branch } from '../branch.ts';
import type { SimulatedNetwork } from '../network.ts';
import { type Command, readCommand, type SignedCommand } from './command.ts';

/**
 * What becomes of the transactions of the blocks that a reorganisation orphans: the new blocks hold them as well, in the same
 * order or the reverse; or they are pending again; or no node remembers them; or the new blocks hold these before them.
 */
export type OrphanFate =
  | 'kept'
  | 'reordered'
  | 'returned'
  | 'lost'
  | { readonly conflicting: readonly SignedCommand[] };

/**
 * Replaces at least the last `depth` blocks of every chain, and settles what their transactions come to.
 *
 * @param by.chain the fate is that of this chain's transactions, and those of all others are kept
 */
export function reorganise(
  network: SimulatedNetwork,
  { depth, fate, chain: only }: { depth: number; fate: OrphanFate; chain?: number },
): Branch {
  network.sync();
  const orphaned = orphanedBy(network, depth);
  const fateOf = (chain: number): OrphanFate => (only === undefined || only === chain ? fate : 'kept');
  const branch = network.reorganise(depth, ({ chain }) =>
    replacing(chain, orphaned[chain] ?? [], fateOf(chain)),
  );
  for (const [chain, commands] of orphaned.entries())
    if (fateOf(chain) === 'lost')
      for (const node of network.nodes) for (const { key } of commands) node.pact.mempool(chain).forget(key);
  return branch;
}

/** By chain, in the order in which they were mined. */
function orphanedBy(
  { main, ledger, network }: SimulatedNetwork,
  depth: number,
): readonly (readonly Command[])[] {
  const from = Math.max(0, main.minHeight() - depth) + 1;
  return network.graph.map((_neighbours, chain) => {
    const heights = Array.from({ length: Math.max(0, main.end(chain) - from) }, (_each, i) => from + i);
    return heights.flatMap((height) => ledger.commandsOf(main.at(chain, height).header));
  });
}

/** What the new blocks of a chain hold. */
function replacing(chain: number, orphaned: readonly Command[], fate: OrphanFate): readonly Command[] {
  switch (fate) {
    case 'kept':
      return orphaned;
    case 'reordered':
      return orphaned.toReversed();
    case 'returned':
    case 'lost':
      return [];
    default: {
      const first = fate.conflicting.map(readCommand);
      return [...first.filter(({ chainId }) => chainId === String(chain)), ...orphaned];
    }
  }
}
