import { dirname, join } from 'node:path';
import { record, text, u64 } from '@stoa/protocol';
import type { AgentConfig } from '#config.ts';
import type { Disk } from '#disk.ts';
import { identityDirectory } from '#identity/identity.ts';
import { identityPath } from '#identity/identity-store.ts';
import { RecordDamagedError, type RecordKind, readRecord, writeRecord } from '#record-line.ts';

/** What one node of a host has promised. */
export interface Promised {
  readonly path: string;
  readonly bytes: number;
}

export type CommitmentFacts = Pick<AgentConfig, 'dataDir' | 'instance' | 'committedPath' | 'committedGb'>;

const promisedKind: RecordKind<Promised> = {
  name: 'stoa-commitment-1',
  codec: record({ path: text(1_024), bytes: u64 }),
};

const GB = 1e9;

/** Says beside the identity what this node promises, for the other nodes of the data directory. */
export async function publishCommitment(disk: Disk, facts: CommitmentFacts): Promise<void> {
  const promised = promisedBy(facts);
  const before = await readPromised(disk, facts);
  if (before?.path === promised.path && before.bytes === promised.bytes) return;
  await writeRecord(disk, pathOf(facts), promisedKind, promised);
}

/** Bytes that the other nodes of this data directory promise on the drive of this one's committed path. */
export async function promisedByOthers(disk: Disk, facts: CommitmentFacts): Promise<number> {
  const own = await driveOf(disk, facts.committedPath);
  let bytes = 0;
  for (const instance of await disk.list(join(facts.dataDir, 'identities'))) {
    if (instance === facts.instance) continue;
    const other = { dataDir: facts.dataDir, instance };
    // Of a node that is gone its promise is not left behind.
    if ((await disk.stat(identityPath(identityDirectory(other)))) === undefined) continue;
    const promised = await readPromised(disk, other);
    if (promised !== undefined && (await driveOf(disk, promised.path)) === own) bytes += promised.bytes;
  }
  return bytes;
}

function promisedBy({ committedPath, committedGb }: CommitmentFacts): Promised {
  return { path: committedPath, bytes: Math.round(committedGb * GB) };
}

async function readPromised(
  disk: Disk,
  of: Pick<CommitmentFacts, 'dataDir' | 'instance'>,
): Promise<Promised | undefined> {
  try {
    return await readRecord(disk, pathOf(of), promisedKind);
  } catch (error) {
    if (error instanceof RecordDamagedError) return undefined;
    throw error;
  }
}

/** Of the path, or of the nearest directory above it that exists. */
async function driveOf(disk: Disk, path: string): Promise<number | undefined> {
  for (let at = path; ; at = dirname(at)) {
    const stat = await disk.stat(at);
    if (stat !== undefined) return stat.device;
    if (dirname(at) === at) return undefined;
  }
}

function pathOf(of: Pick<CommitmentFacts, 'dataDir' | 'instance'>): string {
  return join(identityDirectory(of), 'commitment');
}
