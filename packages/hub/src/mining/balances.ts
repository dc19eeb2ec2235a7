import { type PactReader, readLocal } from '../pact-local.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';

export interface ChainBalance {
  readonly chain: number;
  /** STOA, as the node tells it; undefined: it could not be read. */
  readonly balance: string | undefined;
}

export interface Balances {
  /** Host of the node whose word they are. */
  readonly saidBy: string;
  readonly chains: readonly ChainBalance[];
}

const NO_ROW = /no value found|row not found|no such key/i;

/** What an account has on each chain, by the word of the hub's own node: read for many at once. */
export class CoinBalances {
  readonly #node: URL | undefined;
  readonly #reader: PactReader;
  readonly #chains: number;
  readonly #held: RefreshedByKey<Balances>;

  constructor(by: PactReader & { node: URL | undefined; chains: number }) {
    this.#node = by.node;
    this.#reader = by;
    this.#chains = by.chains;
    this.#held = new RefreshedByKey({ clock: by.clock, load: (account) => this.#read(account) });
  }

  /** Undefined where the hub has no node to ask. */
  async of(account: string): Promise<Balances | undefined> {
    return this.#node === undefined ? undefined : this.#held.read(account);
  }

  async #read(account: string): Promise<Balances> {
    const chains = Array.from({ length: this.#chains }, (_, chain) => chain);
    const read = await Promise.allSettled(chains.map((chain) => this.#ask(chain, account)));
    return {
      saidBy: this.#node!.host,
      chains: read.map((each, chain) => ({
        chain,
        // Which chain can't be read is on the page; why, in the log of the node.
        balance: each.status === 'fulfilled' ? each.value : undefined,
      })),
    };
  }

  async #ask(chain: number, account: string): Promise<string | undefined> {
    const answer = await readLocal(this.#node!, { chain, name: 'coin.details', account }, this.#reader);
    if (answer.status === 'failure') return NO_ROW.test(answer.message) ? '0' : undefined;
    const { balance } = (answer.data ?? {}) as { balance?: unknown };
    // More digits than a number has come as { decimal: "…" }.
    const decimal =
      typeof balance === 'object' && balance !== null ? Reflect.get(balance, 'decimal') : balance;
    return typeof decimal === 'number' || typeof decimal === 'string' ? String(decimal) : undefined;
  }
}
