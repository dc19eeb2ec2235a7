import { PackedRows } from '#seams/db-adapter/index.ts';

/** Whole points of an account that is minted to. */
export interface Share {
  readonly accountId: string;
  readonly chain: number;
  readonly slot: number;
  readonly points: number;
}

interface Part {
  readonly accounts: number;
  /** Account, chain, slot and points of each, packed. */
  readonly rows: Uint8Array;
}

/** Kept as they came: half a million objects take five times the memory. */
export class Shares implements Iterable<Share> {
  readonly length: number;
  readonly #parts: readonly Part[];

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
    this.length = parts.reduce((sum, { accounts }) => sum + accounts, 0);
  }

  *[Symbol.iterator](): Iterator<Share> {
    for (const { rows: bytes } of this.#parts)
      for (const rows = new PackedRows(bytes); rows.more; )
        yield { accountId: rows.ascii(), chain: rows.int4(), slot: rows.int4(), points: rows.int4() };
  }

  /** All of them in their order, at most so many at a time. */
  *portions(most: number): Generator<readonly Share[]> {
    let some: Share[] = [];
    for (const share of this) {
      some.push(share);
      if (some.length < most) continue;
      yield some;
      some = [];
    }
    if (some.length > 0) yield some;
  }
}
