import type { Collector } from '#collectors/collector.ts';
import { type CommitmentFacts, promisedByOthers } from '#collectors/drive-commitments.ts';
import type { Disk } from '#disk.ts';

/** Gate 5: the file system of the committed path must have the committed space free, and a twentieth more. */
export interface Commitment {
  readonly path: string;
  readonly committedBytes: number;
  /** With what the other nodes of this host promise on the same drive: they share what is free there. */
  readonly driveCommittedBytes: number;
  readonly requiredBytes: number;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
  readonly totalInodes: number;
  readonly met: boolean;
}

export interface CommitmentDeps {
  disk: Disk;
  config: CommitmentFacts;
}

const PERIOD_MS = 60_000;
const TIMEOUT_MS = 5000;
const MARGIN = 1.05;
const GB = 1e9;

/** A collector of its own: statfs on a dead network mount never returns, and must cost no other reading. */
export function commitmentCollector({ disk, config }: CommitmentDeps): Collector<Commitment> {
  const { committedPath, committedGb } = config;
  return {
    name: 'commitment',
    periodMs: () => PERIOD_MS,
    timeoutMs: TIMEOUT_MS,
    async collect() {
      const space = await disk.space(committedPath);
      const committedBytes = committedGb * GB;
      const driveCommittedBytes = committedBytes + (await promisedByOthers(disk, config));
      // Who promises nothing owes nothing, whatever the others do.
      const requiredBytes = committedBytes === 0 ? 0 : Math.ceil(driveCommittedBytes * MARGIN);
      const met = space.freeBytes >= requiredBytes;
      return { path: committedPath, committedBytes, driveCommittedBytes, requiredBytes, ...space, met };
    },
  };
}
