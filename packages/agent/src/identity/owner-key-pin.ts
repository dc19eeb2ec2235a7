import { join } from 'node:path';
import {
  equalBytes,
  fixed,
  type OwnerKey,
  optional,
  ownerKeyChangeKind,
  ProtocolError,
  peek,
  record,
  toHex,
  u32,
  verifyOwnerKeyChange,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Disk } from '#disk.ts';
import { OwnerKeyChangedError } from '#identity/error.ts';
import { keepOwnerKeyChange } from '#identity/owner-key-changes.ts';
import { type RecordKind, readRecord, writeRecord } from '#record-line.ts';

/**
 * The owner's key as this host first heard it. A hub that is taken over can name another one, so what it says later
 * changes nothing here: only the pinned key itself can, by its signature, or somebody with this host, by removing the file.
 */
export interface OwnerKeyPin {
  readonly key: Uint8Array;
  /** Counts the keys of the owner from 1: the change to the next one names the number after it. */
  readonly serial: number;
  /** The last other key that a hub named; it was refused. */
  readonly refused: Uint8Array | undefined;
}

const pinKind: RecordKind<OwnerKeyPin> = {
  name: 'stoa-owner-key-1',
  codec: record({ key: fixed(32), serial: u32, refused: optional(fixed(32)) }),
};

/** Undefined where none is pinned. @throws RecordDamagedError, DiskError: a damaged pin is not an absent one. */
export function readOwnerKeyPin(disk: Disk, directory: string): Promise<OwnerKeyPin | undefined> {
  return readRecord(disk, ownerKeyPath(directory), pinKind);
}

/**
 * Pins the key that the hub names at an enrolment; none named leaves what is pinned.
 * @throws OwnerKeyChangedError where another is pinned, RecordDamagedError, DiskError.
 */
export async function pinOwnerKey(
  disk: Disk,
  directory: string,
  named: OwnerKey | undefined,
): Promise<OwnerKeyPin | undefined> {
  const path = ownerKeyPath(directory);
  const pinned = await readOwnerKeyPin(disk, directory);
  if (named === undefined) return pinned;
  if (pinned !== undefined && !equalBytes(pinned.key, named.publicKey)) {
    await writeRecord(disk, path, pinKind, { ...pinned, refused: named.publicKey });
    throw new OwnerKeyChangedError({
      pinned: fingerprintOf(pinned.key),
      named: fingerprintOf(named.publicKey),
      path,
    });
  }
  const pin = { key: named.publicKey, serial: named.serial, refused: undefined };
  await writeRecord(disk, path, pinKind, pin);
  return pin;
}

/**
 * Follows a change that the pinned key has signed; one that was followed already is no change.
 * @throws ProtocolError where it does not hold: the key that it names is kept on record as refused. DiskError.
 */
export async function followOwnerKey(
  disk: Disk,
  directory: string,
  { pin, owner, region, sealed }: { pin: OwnerKeyPin; owner: string; region: string; sealed: Uint8Array },
): Promise<OwnerKeyPin> {
  const named = peek(ownerKeyChangeKind, sealed);
  if (named.serial <= pin.serial) return pin;
  const path = ownerKeyPath(directory);
  try {
    const standing = { owner, region, serial: pin.serial, publicKey: pin.key };
    const { next, serial } = verifyOwnerKeyChange(sealed, standing, nodeCrypto);
    await keepOwnerKeyChange(disk, directory, sealed);
    const followed = { key: next, serial, refused: undefined };
    await writeRecord(disk, path, pinKind, followed);
    return followed;
  } catch (error) {
    if (error instanceof ProtocolError)
      await writeRecord(disk, path, pinKind, { ...pin, refused: named.next });
    throw error;
  }
}

/** Fingerprints in hex. */
export interface OwnerKeyStatus {
  readonly pinned: string;
  /** The last other key that a hub named. */
  readonly refused: string | undefined;
}

export function ownerKeyStatus(pin: OwnerKeyPin | undefined): OwnerKeyStatus | undefined {
  if (pin === undefined) return undefined;
  return { pinned: fingerprintOf(pin.key), refused: pin.refused && fingerprintOf(pin.refused) };
}

/** Hex, as the console shows it. */
export function fingerprintOf(key: Uint8Array): string {
  return toHex(nodeCrypto.hash(key));
}

export function ownerKeyPath(directory: string): string {
  return join(directory, 'owner-key');
}
