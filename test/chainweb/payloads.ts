import { hashText, type Payload, payloadHash, sha512t256 } from '@stoa/protocol/chainweb';
import type { PayloadHash } from './branch.ts';

/** Keys that blocks are mined to, the more often the earlier. */
const MINERS = ['a1', 'b2', 'c3'].map((pair) => pair.repeat(32));

/** What each block holds: nothing but its miner, and outputs that no other block has. */
export class PayloadBook {
  readonly #payloads = new Map<string, Payload>();

  readonly hash: PayloadHash = ({ chain, height, parent, salt }) => {
    const place = sha512t256(new TextEncoder().encode(`${chain} ${height} ${parent} ${salt}`));
    const key = MINERS[Math.min(place[0]! % 4, MINERS.length - 1)]!;
    const miner = { account: `k:${key}`, predicate: 'keys-all', 'public-keys': [key] };
    const payload = {
      minerData: Buffer.from(JSON.stringify(miner)),
      transactions: [],
      outputsHash: hashText(place),
    };
    const hash = payloadHash(payload);
    this.#payloads.set(hash, payload);
    return hash;
  };

  get(hash: string): Payload | undefined {
    return this.#payloads.get(hash);
  }

  /** As the `payload` API tells one. */
  json(hash: string): object | undefined {
    const payload = this.#payloads.get(hash);
    return (
      payload && {
        transactions: payload.transactions.map(base64url),
        minerData: base64url(payload.minerData),
        outputsHash: payload.outputsHash,
        payloadHash: hash,
      }
    );
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
