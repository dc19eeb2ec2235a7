export const CHAINS = 10;
export const HASH_BYTES = 32;

/** The hash of a block, in both forms that it is needed in. */
export interface TipHash {
  readonly bytes: Uint8Array;
  /** base64url, as the verified set names headers. */
  readonly text: string;
}

/** The fleet is on the tip or some blocks behind it, or it is forked. */
const RECENT = 8;

/** Hashes of tips, each held once for the whole fleet: nearly all nodes report the same ten. */
export class TipHashes {
  readonly #recent: TipHash[][] = Array.from({ length: CHAINS }, () => []);
  readonly #next: number[] = new Array<number>(CHAINS).fill(0);

  /** @param bytes 32 of them; copied where they are new. */
  intern(chain: number, bytes: Uint8Array): TipHash {
    const recent = this.#recent[chain]!;
    for (const hash of recent) if (isSame(hash, bytes)) return hash;
    const copy = bytes.slice();
    const hash = { bytes: copy, text: Buffer.from(copy.buffer).toString('base64url') };
    recent[this.#next[chain]!] = hash;
    this.#next[chain] = (this.#next[chain]! + 1) % RECENT;
    return hash;
  }
}

export function isSame({ bytes: held }: TipHash, bytes: Uint8Array): boolean {
  for (let i = 0; i < HASH_BYTES; i += 1) if (held[i] !== bytes[i]) return false;
  return true;
}
