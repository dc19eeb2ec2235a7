/** Size gas counts in hundredths: bytes / 100 + (bytes / 51,200)^7, rounded up, as chainweb reckons it with exact fractions. */
const SIZE_LINEAR = 100n;
const SIZE_STEP = 51_200n ** 7n;

/** What the bytes of a transaction's `cmd` cost before it runs; signatures are not counted. @returns gas, exact. */
export function sizeGas(bytes: number): number {
  const n = BigInt(bytes);
  const over = SIZE_LINEAR * SIZE_STEP;
  const numerator = n * SIZE_STEP + n ** 7n * SIZE_LINEAR;
  return Number((numerator + over - 1n) / over);
}

/** What a batch is, as far as its gas goes. */
export interface BatchShape {
  /** Of the `cmd`. */
  readonly bytes: number;
  readonly buckets: number;
  /** Buckets in which somebody earned: the others are skipped. */
  readonly filled: number;
  /** Of the chain's epoch: they stand in the row that each batch reads and writes. */
  readonly bounds: number;
}

/** @returns gas, an upper bound. */
export function mintGas({ bytes, buckets, filled, bounds }: BatchShape): number {
  return sizeGas(bytes) + 500 + bounds * 4 + buckets + filled * 310;
}
