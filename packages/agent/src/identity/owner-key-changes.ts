import { join } from 'node:path';
import { bytes, list } from '@stoa/protocol';
import type { Disk } from '#disk.ts';
import { type RecordKind, readRecord, writeRecord } from '#record-line.ts';

/** More often than that no owner changes a key between two jobs of a node. */
export const MOST_CHANGES: number = 16;

const changesKind: RecordKind<Uint8Array[]> = {
  name: 'stoa-owner-key-changes-1',
  codec: list(bytes(512), MOST_CHANGES),
};

/**
 * The changes of the owner's key that this host has followed, sealed, the latest last: the privileged unit believes no
 * agent, and follows by the signatures in them. @throws RecordDamagedError, DiskError.
 */
export async function readOwnerKeyChanges(disk: Disk, directory: string): Promise<readonly Uint8Array[]> {
  return (await readRecord(disk, pathIn(directory), changesKind)) ?? [];
}

/** To be on disk before the pin that it changes: one too many is passed over, one too few is never made up for. */
export async function keepOwnerKeyChange(disk: Disk, directory: string, sealed: Uint8Array): Promise<void> {
  const kept = await readOwnerKeyChanges(disk, directory);
  await writeRecord(disk, pathIn(directory), changesKind, [...kept, sealed].slice(-MOST_CHANGES));
}

function pathIn(directory: string): string {
  return join(directory, 'owner-key-changes');
}
