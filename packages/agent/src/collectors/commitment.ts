import type { Collector } from '#collectors/collector.ts';
import type { Disk } from '#disk.ts';

/** Gate 5: the file system of the committed path must have the committed space free, and a twentieth more. */
export interface Commitment {
  readonly path: string;
  readonly committedBytes: number;
  readonly requiredBytes: number;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
  readonly totalInodes: number;
  readonly met: boolean;
}

export interface CommitmentDeps {
  disk: Disk;
  committedPath: string;
  committedGb: number;
}

const PERIOD_MS = 60_000;
const TIMEOUT_MS = 5000;
const MARGIN = 1.05;
const GB = 1e9;

/** A collector of its own: statfs on a dead network mount never returns, and must cost no other reading. */
export function commitmentCollector({
  disk,
  committedPath,
  committedGb,
}: CommitmentDeps): Collector<Commitment> {
  return {
    name: 'commitment',
    periodMs: () => PERIOD_MS,
    timeoutMs: TIMEOUT_MS,
    async collect() {
      const space = await disk.space(committedPath);
      const committedBytes = committedGb * GB;
      const requiredBytes = Math.ceil(committedBytes * MARGIN);
      const met = space.freeBytes >= requiredBytes;
      return { path: committedPath, committedBytes, requiredBytes, ...space, met };
    },
  };
}
