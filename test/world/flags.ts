import type { GATES } from '@stoa/protocol';
import type { WorldNode } from './world-node.ts';

/** What somebody may switch off on a node by hand, to see what it costs. */
export interface Flag {
  /** The gate that closes by it. */
  readonly gate: (typeof GATES)[number];
  readonly about: string;
  /** Returns what sets it right again. */
  off(node: WorldNode): () => void;
}

const ARGUMENT = '--enable-mempool-p2p';
const BLOCKS_BEHIND = 20;

export const FLAGS = {
  argv: {
    gate: 'argv',
    about: `chainweb is started anew without ${ARGUMENT}`,
    off({ machine }) {
      const { argv } = machine;
      machine.restartWith((now) => now.filter((argument) => argument !== ARGUMENT));
      return () => machine.restartWith(() => argv);
    },
  },
  tip: {
    gate: 'tip',
    about: `chainweb stays ${BLOCKS_BEHIND} blocks behind`,
    off({ machine }) {
      machine.chain.lag({ blocks: BLOCKS_BEHIND });
      return () => machine.chain.lag({});
    },
  },
  commitment: {
    gate: 'commitment',
    about: 'other files take what is left of its disk',
    off({ machine }) {
      machine.disk.crowded = true;
      return () => {
        machine.disk.crowded = false;
      };
    },
  },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof FLAGS;

export function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}
