import type { Branch } from '../branch.ts';
import type { SimulatedNetwork } from '../network.ts';
import { type Command, readCommand, type SignedCommand } from './command.ts';
import type { Script } from './miners.ts';

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

/** Replaces at least the last `depth` blocks of every chain, and settles what their transactions come to. */
export function reorganise(
  network: SimulatedNetwork,
  { depth, fate }: { depth: number; fate: OrphanFate },
): Branch {
  network.sync();
  const orphaned = orphanedBy(network, depth);
  const branch = network.reorganise(depth, scriptOf(orphaned, fate));
  if (fate === 'lost')
    for (const node of network.nodes)
      for (const [chain, commands] of orphaned.entries())
        for (const { key } of commands) node.pact.mempool(chain).forget(key);
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

function scriptOf(orphaned: readonly (readonly Command[])[], fate: OrphanFate): Script | undefined {
  if (fate === 'returned' || fate === 'lost') return undefined;
  const first = typeof fate === 'object' ? fate.conflicting.map(readCommand) : [];
  return ({ chain }) => {
    const own = orphaned[chain] ?? [];
    return [
      ...first.filter(({ chainId }) => chainId === String(chain)),
      ...(fate === 'reordered' ? own.toReversed() : own),
    ];
  };
}
