import { createHash } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { Key } from '@tufjs/models';
import { fromHex, toHex } from '../bytes.ts';
import { isStrongPublicKey } from '../crypto/strict.ts';
import { ReleaseError } from './error.ts';

/** A public key of a role, with whose it is. */
export interface RoleKey {
  /** Hex. Computed of the key alone, so that no key can stand in a root twice. */
  readonly id: string;
  readonly publicKey: Uint8Array;
  /** For people: 'alice', 'hub'. Signed with the root, but nothing depends on it. */
  readonly holder: string;
}

const HOLDER = /^[a-z0-9][a-z0-9.@_-]{0,63}$/;

export function isHolder(text: string): boolean {
  return HOLDER.test(text);
}

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param publicKey Ed25519, 32 bytes. */
export function keyId(publicKey: Uint8Array): string {
  const keyval = { public: toHex(publicKey) };
  return sha256Hex(canonicalize({ keytype: 'ed25519', keyval, scheme: 'ed25519' }));
}

/** @throws ReleaseError `bad_root` for a name or a key that no root may hold. */
export function roleKey(holder: string, publicKey: Uint8Array): RoleKey {
  if (!isHolder(holder))
    throw new ReleaseError('bad_root', `'${holder}' is no name of a holder (expected a-z, 0-9 and . @ _ -)`);
  if (!isStrongPublicKey(publicKey))
    throw new ReleaseError(
      'bad_root',
      `the key of ${holder} is ${toHex(publicKey)}, which is no Ed25519 public key`,
    );
  return { id: keyId(publicKey), publicKey, holder };
}

export function toTufKey({ id, publicKey, holder }: RoleKey): Key {
  const keyVal = { public: toHex(publicKey) };
  return new Key({
    keyID: id,
    keyType: 'ed25519',
    scheme: 'ed25519',
    keyVal,
    unrecognizedFields: { holder },
  });
}

/** @throws ReleaseError `bad_root`: one key has one form and one id, or thresholds would count it twice. */
export function fromTufKey({ keyID, keyType, scheme, keyVal, unrecognizedFields }: Key): RoleKey {
  const hex = keyVal['public'] ?? '';
  if (keyType !== 'ed25519' || scheme !== 'ed25519' || !/^[0-9a-f]{64}$/.test(hex))
    throw new ReleaseError(
      'bad_root',
      `the key ${keyID} is of type ${keyType} (expected ed25519 in 64 hex digits)`,
    );
  const holder = unrecognizedFields?.['holder'];
  const key = roleKey(typeof holder === 'string' ? holder : '', fromHex(hex));
  if (key.id !== keyID)
    throw new ReleaseError('bad_root', `the key of ${key.holder} has the id ${keyID} (expected ${key.id})`);
  return key;
}
