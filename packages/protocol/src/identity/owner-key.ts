import { equalBytes } from '../bytes.ts';
import { type Decoded, fixed, record, u32 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import { isStrongPublicKey } from '../crypto/strict.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { open, type SignedKind } from '../signed.ts';
import { ownerName, regionName } from './names.ts';

const changeBody = record({
  owner: ownerName,
  region: regionName,
  /** Of the next key: 1 is an owner's first. An old change can't be shown again after a key came back. */
  serial: u32,
  previous: fixed(32),
  next: fixed(32),
});
export type OwnerKeyChange = Decoded<typeof changeBody>;

/** How an owner's key gives way to the next: signed by the one before it. */
export const ownerKeyChangeKind: SignedKind<OwnerKeyChange> = {
  context: CONTEXT.ownerKey,
  body: changeBody,
  title: 'change of the owner key',
};

/** What stands: the owner, and the key that must have signed. */
export interface StandingOwnerKey {
  readonly owner: string;
  readonly region: string;
  readonly serial: number;
  readonly publicKey: Uint8Array;
}

/** @throws ProtocolError `bad_signature`, `malformed`, `bad_public_key`. */
export function verifyOwnerKeyChange(
  sealed: Uint8Array,
  standing: StandingOwnerKey,
  crypto: Signatures,
): OwnerKeyChange {
  const change = open(ownerKeyChangeKind, sealed, crypto, standing.publicKey);
  const { owner, region, serial } = change;
  const expected = `change ${standing.serial + 1} of ${standing.owner} in region '${standing.region}'`;
  if (owner !== standing.owner || region !== standing.region || serial !== standing.serial + 1)
    throw new ProtocolError(
      'bad_signature',
      `the signature is for change ${serial} of ${owner} in region '${region}', not for ${expected}`,
    );
  // The signature proves who holds the key before; that the document names it binds it into the history.
  if (!equalBytes(change.previous, standing.publicKey))
    throw new ProtocolError('bad_signature', `the signature is not for the key that ${expected} follows`);
  if (!isStrongPublicKey(change.next))
    throw new ProtocolError('bad_public_key', 'the next owner key is weak or not canonical');
  return change;
}
