import type { PayloadRef, Random } from '@stoa/protocol';
import { hashBytes, type Payload } from '@stoa/protocol/chainweb';
import { PayloadSource } from '#mining/index.ts';
import type { Fetch, VerifiedSet } from '../tips/index.ts';

/** A payload that the hub has, and how nodes are asked for it. */
export interface HeldPayload {
  readonly ref: PayloadRef;
  readonly payload: Payload;
}

export interface PayloadPoolDeps {
  /** Service API of the hub's own node; without one nobody is audited. */
  readonly node: URL | undefined;
  readonly set: Pick<VerifiedSet, 'network' | 'head'>;
  readonly fetch: Fetch;
  readonly random: Random;
}

/** What is held at once, and fetched at a time: then the oldest make room. */
const HELD = 256;
const FETCHED = 16;
/** Old: deeper than nodes reorganise, so that it is on every node that has the history. */
const DEPTH = 480;
/** Nodes are asked for small ones, so that no link is what is measured. */
const MOST_BYTES = 48 * 1024;
const ANSWERS_MS = 10_000;

/**
 * Payloads of random old heights, from the hub's own chainweb: under the verified head of their chain as that node says, and each
 * hashes to what its header names. Drawn anew all the time, so that nobody can have the answers ready.
 */
export class PayloadPool {
  readonly #deps: PayloadPoolDeps;
  readonly #source: PayloadSource | undefined;
  #held: HeldPayload[] = [];

  constructor(deps: PayloadPoolDeps) {
    const { node: url, set, fetch } = deps;
    const deadline = () => AbortSignal.timeout(ANSWERS_MS);
    this.#deps = deps;
    this.#source = url && new PayloadSource({ url, network: set.network.name, fetch, deadline });
  }

  get size(): number {
    return this.#held.length;
  }

  /** Some more. @throws HubError `payloads_unreached`; what was held stays. */
  async refresh(): Promise<void> {
    for (let i = 0; i < FETCHED && this.#source !== undefined; i += 1) {
      const one = await this.#fetchOne(this.#source);
      if (one !== undefined) this.#held = [...this.#held, one].slice(-HELD);
    }
  }

  /** So many distinct ones; undefined where so many are not held. */
  draw(count: number): HeldPayload[] | undefined {
    if (this.#held.length < count) return undefined;
    const left = [...this.#held];
    return Array.from({ length: count }, () => left.splice(this.#below(left.length), 1)[0]!);
  }

  /** undefined: the chain is young, the block is a large one, or the node lacks its payload. */
  async #fetchOne(source: PayloadSource): Promise<HeldPayload | undefined> {
    const { set } = this.#deps;
    const chain = this.#below(set.network.graph.length);
    const head = set.head(chain);
    if (head.height <= DEPTH) return undefined;
    const height = 1 + this.#below(head.height - DEPTH);
    const { payloadHash: named } = await source.ancestorAt(head, height);
    const payload = (await source.payloads(chain, [named])).get(named);
    if (payload === undefined || bytesOf(payload) > MOST_BYTES) return undefined;
    return { ref: { chain, height, hash: hashBytes(named) }, payload };
  }

  #below(bound: number): number {
    const bytes = this.#deps.random(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) % bound;
  }
}

function bytesOf({ minerData, transactions }: Payload): number {
  return transactions.reduce((sum, { length }) => sum + length, minerData.length);
}
