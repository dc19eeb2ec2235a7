import { fromHex, isStrongPublicKey } from '@stoa/protocol';
import { MintFault } from '../error.ts';

/** Keys in hex, and how many of them must sign. */
export interface Keyset {
  readonly keys: readonly string[];
  readonly pred: 'keys-all' | 'keys-2';
}

/** Who governs the contract, and who mints. */
export interface ContractKeys {
  /** Offline, of several people: it can replace the module, and so write any register. */
  readonly gov: Keyset;
  /** The one key of the signer. */
  readonly minter: string;
}

/**
 * A keyset without keys lets everybody through, and one that a single key satisfies is no keyset of several people.
 * @throws MintFault `bad_keys`
 */
export function requireKeys({ gov, minter }: ContractKeys): void {
  for (const key of [...gov.keys, minter])
    if (!/^[0-9a-f]{64}$/.test(key) || !isStrongPublicKey(fromHex(key)))
      throw bad(`'${key}' is no Ed25519 public key: 64 hex digits are expected`);
  if (new Set(gov.keys).size < gov.keys.length) throw bad('a key of governance is named twice');
  const enough = gov.pred === 'keys-2' ? gov.keys.length > 2 : gov.keys.length > 1;
  if (!enough)
    throw bad(
      `governance is ${gov.pred} of ${gov.keys.length}: keys-all of 2 or more, or keys-2 of 3 or more, is expected`,
    );
  if (gov.keys.includes(minter))
    throw bad(`${minter} both mints and governs: the minter's key is online, and must not govern`);
}

/** Those of a keyset who sign this time. @throws MintFault `bad_keys` unless they are enough, and no others. */
export function requireSigners({ keys, pred }: Keyset, signers: readonly string[]): void {
  const stranger = signers.find((key) => !keys.includes(key));
  if (stranger !== undefined) throw bad(`${stranger} is not in the keyset that governs`);
  const needed = pred === 'keys-2' ? 2 : keys.length;
  if (new Set(signers).size < needed)
    throw bad(`${new Set(signers).size} of ${keys.length} keys sign, and ${pred} needs ${needed}`);
}

export function sameKeyset(one: Keyset, other: Keyset): boolean {
  return one.pred === other.pred && one.keys.toSorted().join() === other.keys.toSorted().join();
}

function bad(message: string): MintFault {
  return new MintFault('bad_keys', message);
}
