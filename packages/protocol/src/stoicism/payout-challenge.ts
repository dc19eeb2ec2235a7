/**
 * The text that proves who holds the key of a payout account. A wallet signs a transaction by its 32-byte hash: this text
 * is longer, is read by whoever signs it, and is no hash, so that its signature is good for nothing else.
 */

import { utf8 } from '../bytes.ts';

export interface PayoutChallenge {
  readonly account: string;
  /** The account of the hub that may use the payout account. */
  readonly email: string;
  readonly region: string;
  /** 32 hex digits, good once. */
  readonly nonce: string;
  /** Whole seconds since 1970. */
  readonly expiresAt: number;
}

export const CHALLENGE_PREFIX = 'stoa/v1/payout-account';
/** What a transaction's hash takes; a text of that length is never offered. */
export const HASH_BYTES = 32;

/** Lines that end in a line feed, the last one too: what a file of it holds. */
export function challengeText({ account, email, region, nonce, expiresAt }: PayoutChallenge): string {
  const lines = [
    CHALLENGE_PREFIX,
    'I hold the key of this account, and let this person be paid to it. This moves nothing.',
    `account: ${account}`,
    `person: ${email}`,
    `region: ${region}`,
    `nonce: ${nonce}`,
    `expires: ${new Date(expiresAt * 1_000).toISOString().slice(0, 19)}Z`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** What may have been signed: the text, or the text as it is pasted, without its last line feed. */
export function challengeBytes(challenge: PayoutChallenge): readonly Uint8Array[] {
  const text = challengeText(challenge);
  return [utf8(text), utf8(text.slice(0, -1))];
}
