import { utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { formatBreakdown, type ServerScore, serverScore } from '@stoa/protocol/stoicism';
import type { BaselineTable } from './baseline-store.ts';
import type { BenchmarkRun } from './run.ts';

export interface Stamp {
  readonly score: ServerScore;
  readonly reviewMicro: number;
  readonly breakdown: string;
  readonly hash: Uint8Array;
}

/** What a run is worth under a table: the same bytes for whoever computes it, whenever. */
export function stampOf(run: BenchmarkRun, { version, baselines }: BaselineTable): Stamp {
  const { measured, hwType } = run;
  const limits = run.decision?.word === 'accepted' ? 'reviewed' : 'policy';
  const score = serverScore(measured, baselines, hwType, limits);
  const reviewMicro = serverScore(measured, baselines, hwType, 'reviewed').micro;
  const { jobId, attempt, committedGb } = run;
  const breakdown = formatBreakdown(
    { jobId, attempt, baselineVersion: version, hwType, limits, committedGb },
    score,
  );
  return { score, reviewMicro, breakdown, hash: nodeCrypto.hash(utf8(breakdown)) };
}
