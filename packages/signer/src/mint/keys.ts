import { type Random, toHex } from '@stoa/protocol';
import { SignerError } from '#error.ts';
import { createKeyFile, openKeyFile, type UnlockedKey } from '#keys/key-file.ts';
import type { Unlock } from '#keys/unlock.ts';
import { MINT_FILES, type MintPlace } from '#mint/place.ts';

/** Makes the minter's key of a number; one that a making which was cut off left is taken. */
export async function makeMinterKey(
  place: MintPlace,
  by: { number: number; unlock: Unlock; random: Random },
): Promise<UnlockedKey> {
  const path = MINT_FILES.key(place.dir, by.number);
  const file = { path, purpose: 'minter', unlock: by.unlock, disk: place.disk } as const;
  return (await place.disk.stat(path)) === undefined ? createKeyFile(file, by) : openKeyFile(file);
}

/** @throws SignerError as `openKeyFile` does, and `key_damaged` where it is not the key that the journal names. */
export async function openMinterKey(
  { dir, disk }: MintPlace,
  by: { number: number; publicKey: string; unlock: Unlock },
): Promise<UnlockedKey> {
  const path = MINT_FILES.key(dir, by.number);
  const key = await openKeyFile({ path, purpose: 'minter', unlock: by.unlock, disk });
  if (toHex(key.publicKey) === by.publicKey) return key;
  throw new SignerError(
    'key_damaged',
    `${path} holds the key ${toHex(key.publicKey)}, the journal names ${by.publicKey}: restore it from its backup`,
  );
}
