import { utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type ServerScore, serverScore } from '@stoa/protocol/stoicism';
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
  const breakdown = JSON.stringify({
    ...{ jobId: run.jobId, attempt: run.attempt, baselineVersion: version, hwType, limits },
    ...{ committedGb: run.committedGb, micro: score.micro },
    parts: score.parts.map(({ part, value = null, baseline, weightPpm, earnedPpm, note = null }) => ({
      ...{ part, value, baseline, weightPpm, earnedPpm, note },
    })),
  });
  return { score, reviewMicro, breakdown, hash: nodeCrypto.hash(utf8(breakdown)) };
}
