import { toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { OwnerKey } from '#owner-keys/index.ts';
import { short } from '../console/format.ts';
import { Unknown } from '../console/parts.tsx';

/** The key of the node's owner that a backup was sealed to; undefined: none that this owner ever had here. */
export function keyOf(sealedTo: string | undefined, keys: readonly OwnerKey[]): OwnerKey | undefined {
  return keys.find(({ publicKey }) => toHex(publicKey) === sealedTo);
}

/** Which of the owner's keys opens it: a key that gave way still does, as long as its file is there. */
export function SealedTo({
  sealedTo,
  keys,
  whole = false,
}: {
  sealedTo: string | undefined;
  keys: readonly OwnerKey[];
  /** The fingerprint from its first to its last digit. */
  whole?: boolean;
}) {
  if (sealedTo === undefined) return <Unknown why="its agent did not say" />;
  const fingerprint = toHex(nodeCrypto.hash(Buffer.from(sealedTo, 'hex')));
  const key = keyOf(sealedTo, keys);
  return (
    <>
      {key === undefined ? 'a key of another owner' : `key ${key.serial} of ${key.owner}`}
      {key?.replacedAt !== undefined && ', which gave way to another'}
      <span class="sub">
        <code title={fingerprint}>{whole ? fingerprint : `${short(fingerprint)}…`}</code>
      </span>
    </>
  );
}
