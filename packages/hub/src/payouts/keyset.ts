import { fromHex, isStrongPublicKey, utf8, type Verify } from '@stoa/protocol';
import { challengeBytes, type PayoutChallenge } from '@stoa/protocol/stoicism';
import type { Signed } from './schema.ts';

/** A guard of keys, as the chain tells it. */
export interface Keyset {
  readonly pred: string;
  /** 64 hex digits each. */
  readonly keys: readonly string[];
}

export type GuardVerdict =
  | { readonly ok: true; readonly keyset: Keyset }
  | { readonly ok: false; readonly why: string };

/** More keys than that guard no account that anybody is paid to; each costs a check for each signature. */
const MOST_KEYS = 16;

/** How many distinct keys must have signed, by predicate; what a module defines besides is not known here. */
const NEEDED: ReadonlyMap<string, (keys: number) => number> = new Map([
  ['keys-all', (keys: number) => keys],
  ['keys-any', () => 1],
  ['keys-2', () => 2],
]);

/** Whether what a node answers is a guard by which somebody can prove to hold an account. */
export function readGuard(data: unknown): GuardVerdict {
  if (typeof data !== 'object' || data === null)
    return { ok: false, why: 'The chain knows no guard for it.' };
  const { pred, keys, guard } = data as { pred?: unknown; keys?: unknown; guard?: unknown };
  if (guard !== undefined && keys === undefined) return readGuard(guard);
  if (typeof pred !== 'string' || !Array.isArray(keys))
    return { ok: false, why: 'It is guarded by something else than keys, for which nobody can sign a text.' };
  const needed = NEEDED.get(pred);
  if (needed === undefined)
    return { ok: false, why: `Its keys are counted by '${pred.slice(0, 60)}', which only the chain can do.` };
  if (keys.length === 0 || keys.length > MOST_KEYS)
    return { ok: false, why: `It has ${keys.length} keys; 1 to ${MOST_KEYS} are expected.` };
  const held = keys.map(String);
  const odd = held.find((key) => !/^[0-9a-f]{64}$/.test(key) || !isStrongPublicKey(fromHex(key)));
  if (odd !== undefined) return { ok: false, why: `Its key ${odd.slice(0, 16)}… is not one of Ed25519.` };
  if (needed(held.length) > new Set(held).size)
    return { ok: false, why: `It takes more keys than it has (${pred}).` };
  return { ok: true, keyset: { pred, keys: held } };
}

/** How many distinct keys of a keyset must have signed. */
export function neededKeys({ pred, keys }: Keyset): number {
  return NEEDED.get(pred)?.(keys.length) ?? Number.POSITIVE_INFINITY;
}

interface SignedBy {
  readonly keys: readonly string[];
  /** 128 hex digits each. */
  readonly signatures: readonly string[];
  readonly verify: Verifier;
}

/** @returns one entry a key that signed the challenge, however often it did; others are left out. */
export function signersOf(challenge: PayoutChallenge, by: SignedBy): readonly Signed[] {
  return signersOfTexts(challengeBytes(challenge), by);
}

/** As `signersOf`, of a challenge as it is kept: the text, or the text without its last line feed. */
export function signersOfText(challenge: string, by: SignedBy): readonly Signed[] {
  return signersOfTexts([challenge, challenge.replace(/\n$/, '')].map(utf8), by);
}

function signersOfTexts(
  texts: readonly Uint8Array[],
  { keys, signatures, verify }: SignedBy,
): readonly Signed[] {
  return [...new Set(keys)].flatMap((key) => {
    const holds = verify(fromHex(key));
    const signature = signatures.find((each) => texts.some((text) => holds(text, fromHex(each))));
    return signature === undefined ? [] : [{ key, signature }];
  });
}

export type Verifier = (publicKey: Uint8Array) => Verify;

/** Signatures as they are pasted: 128 hex digits each, whatever stands between them. @returns undefined for anything else. */
export function readSignatures(text: string): readonly string[] | undefined {
  const parts = text
    .trim()
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter((part) => part !== '');
  const isOne = (part: string) => /^[0-9a-f]{128}$/.test(part);
  return parts.length > 0 && parts.length <= MOST_KEYS && parts.every(isOne) ? parts : undefined;
}
