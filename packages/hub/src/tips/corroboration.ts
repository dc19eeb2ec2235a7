import type { Header } from '@stoa/protocol/chainweb';
import type { Reporter } from './reporter.ts';
import type { VerifiedSet } from './verified-set.ts';

export interface CorroborationOptions {
  readonly set: VerifiedSet;
  /** Distinct owners whose agents have to report a header, where no reference node does. */
  readonly owners?: number;
  /** Distinct networks that they have to report it from. */
  readonly networks?: number;
}

interface Vouchers {
  readonly owners: Set<string>;
  readonly networks: Set<string>;
}

/**
 * The head that gates refer to: each chain's heaviest verified header that somebody else holds as well, either the hub's
 * reference node or agents of several owners in several networks. A miner can verify a branch of his own, but not make
 * strangers report it.
 *
 * Who reports a header, reports its past: he could not hold it otherwise.
 */
export class Corroboration {
  readonly #set: VerifiedSet;
  readonly #owners: number;
  readonly #networks: number;
  readonly #heads: Header[];
  readonly #vouchers: Map<string, Vouchers>[];

  constructor({ set, owners = 3, networks = 2 }: CorroborationOptions) {
    this.#set = set;
    this.#owners = owners;
    this.#networks = networks;
    this.#heads = [...set.heads()];
    this.#vouchers = set.heads().map(() => new Map());
  }

  /** Tips that are not verified count for nothing; report them again once they are. */
  report(reporter: Reporter, tips: Iterable<{ readonly chain: number; readonly hash: string }>): void {
    for (const { chain, hash } of tips) {
      const head = this.#heads[chain];
      const tip = this.#set.get(hash);
      if (head !== undefined && tip?.chain === chain && tip.weight > head.weight) {
        this.#vouch(reporter, tip, head);
      }
    }
  }

  head(chain: number): Header {
    const head = this.#heads[chain];
    if (head === undefined) {
      throw new RangeError(`chain ${chain} is none of the ${this.#heads.length} of the network`);
    }
    return head;
  }

  /** By chain. */
  heads(): readonly Header[] {
    return this.#heads;
  }

  #vouch(reporter: Reporter, tip: Header, head: Header): void {
    const past = this.#set.past(tip.hash, (header) => header.weight <= head.weight);
    // From the top: the first that is corroborated brings all below it.
    const heaviest = past.find((header) => reporter.reference || this.#add(reporter, header));
    if (heaviest !== undefined) {
      this.#heads[tip.chain] = heaviest;
      this.#forget(tip.chain, heaviest.weight);
    }
  }

  #add({ ownerId, network }: Reporter, header: Header): boolean {
    const vouchers = this.#vouchers[header.chain];
    const held = vouchers?.get(header.hash) ?? { owners: new Set(), networks: new Set() };
    vouchers?.set(header.hash, held);
    // No more than needed is kept, so nobody can fill the memory with names.
    if (held.owners.size < this.#owners) {
      held.owners.add(ownerId);
    }
    if (held.networks.size < this.#networks) {
      held.networks.add(network);
    }
    return held.owners.size >= this.#owners && held.networks.size >= this.#networks;
  }

  #forget(chain: number, weight: bigint): void {
    const vouchers = this.#vouchers[chain];
    for (const hash of vouchers?.keys() ?? []) {
      const header = this.#set.get(hash);
      if (header === undefined || header.weight <= weight) {
        vouchers?.delete(hash);
      }
    }
  }
}
