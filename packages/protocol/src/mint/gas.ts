import { BUCKET } from './register.ts';

/*
 * What the acts of the mint cost. Size gas is exact. Execution is an upper bound by Pact 5.4's table of milligas, fitted to what
 * its interpreter measured for the contract's shape (`gas.test.ts`): 1.1 to 1.5 % above it where every row exists, which is
 * always reckoned with; a row's first write costs the read of a row less.
 */

const SIZE_LINEAR = 100n;
const SIZE_STEP = 51_200n ** 7n;

/**
 * What the bytes of a transaction's `cmd` cost before it runs: bytes / 100 + (bytes / 51,200)^7, rounded up, which chainweb
 * reckons with fractions. Signatures are not counted. @returns gas, exact.
 */
export function sizeGas(bytes: number): number {
  const n = BigInt(bytes);
  const whole = SIZE_LINEAR * SIZE_STEP;
  return Number((n * SIZE_STEP + n ** 7n * SIZE_LINEAR + whole - 1n) / whole);
}

/** Milligas of Pact's table for a row of so many bytes. */
const readRow = (bytes: number) => 2_500 + 100 * bytes;
const writeRow = (bytes: number) => 25_000 + 200 * bytes;

/** Bytes of rows as Pact sizes them: 5, and a field's name, 5 and value; an integer is 12, a text 8 and its UTF-8, a list 7. */
const ROW = 5;
const INTEGER = 12;
const field = (name: string, value: number) => name.length + 5 + value;
const BUCKET_ROW = ROW + field('points', 7 + BUCKET * INTEGER);
const SLOT_ROW = ROW + field('slot', INTEGER);
/** Of a name without bytes. */
const ACCOUNT_ROW = ROW + field('account', 8);

/** Milligas beside those of rows of buckets and accounts. Measured, and rounded up. */
const COST = {
  /** A batch: its own row, the epoch's, the counter's, the guard's, the events, the end of the last bucket. */
  batch: 150_000,
  /** The epoch's row is read. */
  bound: INTEGER * 100,
  bucket: 1_000,
  /** Three walks over its fifty integers: the caps, the sum, the addition. */
  filledBucket: 81_100,
  opening: 170_000,
  /** It is compared and written. */
  openedBound: 3_500,
  closing: 100_000,
  /** Its own row, the counter's, and the bucket that its first slot is in. */
  enrolment: 220_000,
  account: 1_000,
} as const;

/** What a batch is, as far as its gas goes. */
export interface BatchShape {
  /** Of the `cmd`. */
  readonly bytes: number;
  readonly buckets: number;
  /** Buckets in which somebody earned: the contract skips the others. */
  readonly filled: number;
  /** Of the chain's epoch. */
  readonly bounds: number;
}

/** Of `update-registers`. @returns gas, an upper bound. */
export function mintGas({ bytes, buckets, filled, bounds }: BatchShape): number {
  const row = readRow(BUCKET_ROW) + writeRow(BUCKET_ROW) + COST.filledBucket;
  return total(bytes, COST.batch + bounds * COST.bound + buckets * COST.bucket + filled * row);
}

/** Of `open-epoch`. @returns gas, an upper bound. */
export function openGas({ bytes, bounds }: Pick<BatchShape, 'bytes' | 'bounds'>): number {
  return total(bytes, COST.opening + bounds * COST.openedBound);
}

/** Of `close-epoch`. @returns gas, an upper bound. */
export function closeGas({ bytes, bounds }: Pick<BatchShape, 'bytes' | 'bounds'>): number {
  return total(bytes, COST.closing + bounds * COST.bound);
}

/** What an enrolment is. */
export interface EnrolmentShape {
  /** Of the `cmd`. */
  readonly bytes: number;
  readonly accounts: number;
  /** UTF-8 of all their names. */
  readonly nameBytes: number;
}

/** Of `enrol`. @returns gas, an upper bound. */
export function enrolGas({ bytes, accounts, nameBytes }: EnrolmentShape): number {
  const each = writeRow(ACCOUNT_ROW) + writeRow(SLOT_ROW) + COST.account;
  return total(bytes, COST.enrolment + accounts * each + writeRow(nameBytes) - writeRow(0));
}

function total(bytes: number, milligas: number): number {
  return sizeGas(bytes) + Math.ceil(milligas / 1_000);
}
