import type { PayloadRef, Random } from '@stoa/protocol';
import {
  decodeHeaderText,
  decodePayload,
  type Header,
  hashBytes,
  headerHash,
  type Payload,
  payloadHash,
} from '@stoa/protocol/chainweb';
import { HubError } from '../error.ts';
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
/** Of a payload as JSON; nodes are asked for small ones, so that no link is what is measured. */
const MOST_CHARS = 64 * 1024;
const ANSWERS_MS = 10_000;

/**
 * Payloads of random old heights, from the hub's own chainweb: under the verified head of their chain as that node says, and each
 * hashes to what its header names. Drawn anew all the time, so that nobody can have the answers ready.
 */
export class PayloadPool {
  readonly #deps: PayloadPoolDeps;
  #held: HeldPayload[] = [];

  constructor(deps: PayloadPoolDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#held.length;
  }

  /** Some more. @throws whatever the node's answer is wrong by; what was held stays. */
  async refresh(): Promise<void> {
    const { node } = this.#deps;
    if (node === undefined) return;
    for (let i = 0; i < FETCHED; i += 1) {
      const one = await this.#fetchOne(node);
      if (one !== undefined) this.#held = [...this.#held, one].slice(-HELD);
    }
  }

  /** So many distinct ones; undefined where so many are not held. */
  draw(count: number): HeldPayload[] | undefined {
    if (this.#held.length < count) return undefined;
    const left = [...this.#held];
    return Array.from({ length: count }, () => left.splice(this.#below(left.length), 1)[0]!);
  }

  /** undefined: the chain is young, or the block is a large one. */
  async #fetchOne(node: URL): Promise<HeldPayload | undefined> {
    const { set } = this.#deps;
    const chain = this.#below(set.network.graph.length);
    const head = set.head(chain);
    if (head.height <= DEPTH) return undefined;
    const height = 1 + this.#below(head.height - DEPTH);
    const base = `${node.href.replace(/\/$/, '')}/chainweb/0.0/${set.network.name}/chain/${chain}`;
    const body = JSON.stringify({ upper: [head.hash], lower: [] });
    const found = await this.#read(
      `${base}/header/branch?limit=1&minheight=${height}&maxheight=${height}`,
      body,
    );
    const header = headerIn(found, { chain, height });
    const text = await this.#read(`${base}/payload/${header.payloadHash}?height=${height}`);
    if (text.length > MOST_CHARS) return undefined;
    const payload = decodePayload(JSON.parse(text));
    if (payloadHash(payload) !== header.payloadHash)
      throw misfit(`it has another payload for block ${header.hash} than the header names`);
    return { ref: { chain, height, hash: hashBytes(header.payloadHash) }, payload };
  }

  async #read(url: string, body?: string): Promise<string> {
    const response = await this.#deps.fetch(url, {
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWERS_MS),
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
    if (!response.ok) throw misfit(`it answers ${url} with ${response.status}`);
    return response.text();
  }

  #below(bound: number): number {
    const bytes = this.#deps.random(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) % bound;
  }
}

/** Under the verified head, so says the node; that it is the block it names, its hash says. */
function headerIn(page: string, { chain, height }: { chain: number; height: number }): Header {
  const items = (JSON.parse(page) as { items?: readonly unknown[] } | null)?.items;
  const header = decodeHeaderText(String(items?.[0]));
  if (header.chain !== chain || header.height !== height || headerHash(header) !== header.hash)
    throw misfit(`it was asked for block ${height} of chain ${chain}, and tells another`);
  return header;
}

function misfit(why: string): HubError<'reference_misfit'> {
  return new HubError('reference_misfit', `payloads can't be had from the node at CHAINWEB_URL: ${why}`, {
    retry: true,
  });
}
