import type { CryptoSuite, Mac } from '@stoa/protocol';
import { concat, equalBytes } from '@stoa/protocol';

const BYTES = 32 + 8 + 16;
const MAX_AGE_MS = 30 * 24 * 3_600_000;

/**
 * Lets a known node into the queue of its own before any signature work is done for it. It proves nothing but that this
 * region once welcomed the node: the handshake that follows is the same for everybody.
 */
export class ReentryCookies {
  readonly #mac: Mac;

  /** @param key 32 bytes, one for all instances of the region. */
  constructor(key: Uint8Array, crypto: CryptoSuite) {
    this.#mac = crypto.mac(key);
  }

  make(nodeId: Uint8Array, now: number): Uint8Array {
    const body = concat(nodeId, new Uint8Array(new BigUint64Array([BigInt(now)]).buffer));
    return concat(body, this.#mac(body));
  }

  holds(cookie: Uint8Array | undefined, now: number): boolean {
    if (cookie === undefined || cookie.length !== BYTES) return false;
    const body = cookie.subarray(0, 40);
    if (!equalBytes(this.#mac(body), cookie.subarray(40))) return false;
    const issued = Number(new DataView(body.buffer, body.byteOffset + 32, 8).getBigUint64(0, true));
    return now - issued < MAX_AGE_MS;
  }
}
