import { join } from 'node:path';
import { bool, record, u64 } from '@stoa/protocol';
import { type Disk, DiskDeniedError } from '#disk.ts';
import { formatRecord, RecordDamagedError, type RecordKind, readRecord } from '#record-line.ts';

/** What the host's user has said about work. */
export interface Pause {
  /** Until it is taken back. */
  readonly paused: boolean;
  /** End of a maintenance window by this host's clock, ms since 1970; 0 for none. */
  readonly until: number;
}

const pauseKind: RecordKind<Pause> = { name: 'stoa-pause-1', codec: record({ paused: bool, until: u64 }) };
const NONE: Pause = { paused: false, until: 0 };

/** One that can't be read pauses: whoever wrote it wanted something. */
export async function readPause(disk: Disk, directory: string): Promise<Pause> {
  try {
    return (await readRecord(disk, pathOf(directory), pauseKind)) ?? NONE;
  } catch (error) {
    if (error instanceof RecordDamagedError || error instanceof DiskDeniedError)
      return { paused: true, until: 0 };
    throw error;
  }
}

export async function writePause(disk: Disk, directory: string, pause: Pause): Promise<void> {
  // No secret: written by root, it must be readable by the agent's user.
  await disk.writeAtomic(pathOf(directory), formatRecord(pauseKind, pause), 0o644);
}

/** By the clock of the host, which is also the clock of who said until when. */
export function isPaused({ paused, until }: Pause, now: number): boolean {
  return paused || now < until;
}

function pathOf(directory: string): string {
  return join(directory, 'pause');
}
