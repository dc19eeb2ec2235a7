import { blake2b } from '@noble/hashes/blake2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { toBase64Url, utf8 } from '../bytes.ts';
import { MintError } from './error.ts';

/*
 * The register of `hub/src/mint/contract/register.pact`, in numbers and texts. A slot is an account's place on its chain, for
 * ever; slots stand in buckets of fifty, one row each. `agreement.test.ts` holds contract and constants together.
 */

/** Slots of one row: 50 is where rows and bytes together cost the least. */
export const BUCKET = 50;

/** Chains that hold registers, 0 to 9. */
export const MINT_CHAINS = 10;

/** Most whole points of one account and epoch: 230 nodes of score 5, or 38 of score 1 that were banked for thirty days. */
export const ACCOUNT_CAP = 100_000;

/**
 * Most whole points of one chain and epoch, and so what a stolen minter key gets for each day that is not open yet. 500,000
 * accounts earn 11 million a day on each chain, thirty banked days of them 322 million: a quarter more, for uneven chains. A
 * day of ten times the accounts fits as well. What a day may be is the signer's policy, far below it.
 */
export const EPOCH_CAP = 400_000_000;

/** An epoch can be opened on its own UTC day and on so many days after it. */
export const WINDOW = 3;

const DAY_MS = 86_400_000;

/** The UTC day number that names an epoch. @param now milliseconds. */
export function epochOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

/** The chain on which an account is minted to: fixed by its name (domain.md, Daily mint). */
export function owningChain(account: string): number {
  const [high = 0, low = 0] = blake2b(utf8(account), { dkLen: 32 });
  return (high * 256 + low) % MINT_CHAINS;
}

/** How many buckets so many slots take. */
export function bucketsOf(slots: number): number {
  return Math.ceil(slots / BUCKET);
}

/** Whole points by slot, of one chain; what is not there is 0. */
export type SlotPoints = ArrayLike<number> | ReadonlyMap<number, number>;

/** A bucket in which nobody earned: the contract skips it. */
export const NOTHING = '[]';

/** One bucket as the contract reads it: fifty integers, or none at all. */
export function bucketText(points: ArrayLike<number>): string {
  let text = '';
  let any = false;
  for (let i = 0; i < BUCKET; i += 1) {
    const value = points[i] ?? 0;
    if (value !== 0) any = true;
    text += i === 0 ? value : ` ${value}`;
  }
  return any ? `[${text}]` : NOTHING;
}

/** The deltas of a batch, as the literal that stands in its code: integers in JSON data would arrive as decimals. */
export function deltasText(buckets: readonly string[]): string {
  return `[${buckets.join(' ')}]`;
}

const BUCKET_TEXT = /^(?:0|[1-9]\d{0,14})(?: (?:0|[1-9]\d{0,14})){49}$/;

/** The buckets of a literal; `[]` for one in which nobody earned. @throws MintError unless byte for byte what `deltasText` writes. */
export function parseDeltas(deltas: string): readonly (readonly number[])[] {
  const bad = (what: string) =>
    new MintError(
      'bad_act',
      `the deltas have ${what}; '[[n n ...] [] ...]' with ${BUCKET} integers is expected`,
    );
  if (!deltas.startsWith('[[') || !deltas.endsWith(']]')) throw bad('no brackets around their buckets');
  return deltas
    .slice(2, -2)
    .split('] [')
    .map((text, index) => {
      if (text === '') return [];
      if (!BUCKET_TEXT.test(text)) throw bad(`'${text.slice(0, 40)}' as bucket ${index}`);
      const points = text.split(' ').map(Number);
      if (points.every((value) => value === 0)) throw bad(`zeros where bucket ${index} is to be empty`);
      return points;
    });
}

/** By which the chain tells one content of a batch from another: SHA-256 of the literal, base64url. */
export function deltasDigest(deltas: string): string {
  return digestOf(deltas);
}

/** The same of an enrolment. */
export function enrolmentDigest(accounts: readonly string[]): string {
  return digestOf(JSON.stringify(accounts));
}

/** @returns SHA-256 of the text's UTF-8, base64url, 43 characters. */
export function digestOf(text: string): string {
  return toBase64Url(sha256(utf8(text)));
}
