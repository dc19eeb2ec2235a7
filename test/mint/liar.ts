import type { ChainNode } from '@stoa/hub/mint';

/** What a node says that is not so. */
export const LIES = [
  'nothing was ever sent',
  'all is mined',
  'all has failed',
  'the time is over',
  'all would fail',
  'all takes as much gas as there is',
  'nothing takes gas',
] as const;
export type Lie = (typeof LIES)[number];

const LATER_S = 10 * 3_600;
const MUCH_GAS = 2 ** 31 - 1;
const BEFORE_ALL = 100_000;

/** A node that answers, and not always the truth. */
export class Liar implements ChainNode {
  lie: Lie | undefined;
  readonly #node: ChainNode;

  constructor(node: ChainNode) {
    this.#node = node;
  }

  get name(): string {
    return this.#node.name;
  }

  send: ChainNode['send'] = (...asked) => this.#node.send(...asked);

  preflight: ChainNode['preflight'] = async (chain, cmd) => {
    const told = await this.#node.preflight(chain, cmd);
    switch (this.lie) {
      case 'all would fail':
        return { ...told, failure: 'the node says no' };
      case 'all takes as much gas as there is':
        return { gas: MUCH_GAS, failure: undefined };
      case 'nothing takes gas':
        return { gas: 0, failure: undefined };
      default:
        return told;
    }
  };

  results: ChainNode['results'] = async (chain, keys, depth) => {
    const found = await this.#node.results(chain, keys, depth);
    switch (this.lie) {
      case 'nothing was ever sent':
        return new Map();
      case 'all is mined':
      case 'all has failed': {
        const status = this.lie === 'all is mined' ? 'applied' : 'failed';
        const block = { height: 1, hash: 'no block', gas: 1 };
        return new Map(keys.map((key) => [key, { status, message: '', block }] as const));
      }
      default:
        return found;
    }
  };

  read: ChainNode['read'] = async (chain, code, depth) => {
    const before = this.lie === 'nothing was ever sent' ? BEFORE_ALL : 0;
    const read = await this.#node.read(chain, code, depth + before);
    return this.lie === 'the time is over' ? { ...read, blockTime: read.blockTime + LATER_S } : read;
  };
}
