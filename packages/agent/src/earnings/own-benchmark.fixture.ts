import { type JobResult, jobResultKind, seal, utf8 } from '@stoa/protocol';
import { formatBreakdown, readBenchmark, SEED_BASELINES, serverScore } from '@stoa/protocol/stoicism';
import type { Disk } from '#disk.ts';
import type { IdentityStore } from '#identity/identity-store.ts';
import { appendRecord } from '#record-line.ts';
import { answeredKind } from '#work/result-log.ts';

/** Of a machine that is the baseline in everything: a score of 1. */
const REPORT = {
  ...{ cpuSingle: 5_000, cpuMulti: 5_000, ipc: 1.5, blake2sMbPerSecond: 600, secp256k1PerSecond: 30_000 },
  ...{ ed25519PerSecond: 25_000, pactProxyPerSecond: 1_000, hashVerifyPerSecond: 4_000, memoryMb: 8_000 },
  ...{ memoryMbPerSecond: 8_000, downloadMbitPerSecond: 500, jitterMs: 5, loss: 0, randomReadIops: 20_000 },
  ...{ randomWriteIops: 20_000, sequentialReadMbPerSecond: 500, sequentialWriteMbPerSecond: 500 },
  ...{ committedGb: 1_000, hw: 'vps' },
};
const { claimed, hwType } = readBenchmark(REPORT);
const OF = {
  ...{ jobId: '02020202-0202-0202-0202-020202020202', attempt: 1, baselineVersion: 0 },
  ...{ hwType, limits: 'policy' as const, committedGb: 1_000 },
};

/** What the hub makes of it. */
export const OWN_SCORE: number = serverScore(claimed, SEED_BASELINES, hwType).micro;
export const OWN_BREAKDOWN: Uint8Array = utf8(
  formatBreakdown(OF, serverScore(claimed, SEED_BASELINES, hwType)),
);

/** The node has measured itself, and the hub has receipted that. */
export function keepBenchmark(
  { disk, store }: { disk: Disk; store: IdentityStore },
  { jobId = 2, attempt = 1, report = REPORT }: { jobId?: number; attempt?: number; report?: object } = {},
): Promise<void> {
  const result: JobResult = {
    ...{ nodeId: store.nodeId, jobId: new Uint8Array(16).fill(jobId), kind: 'benchmark-node', attempt },
    ...{ fencingToken: 1, outcome: 'succeeded', code: '', message: '', report: JSON.stringify(report) },
    ...{ durationMs: 1, logBytes: 0, logHash: new Uint8Array(32), orderId: new Uint8Array(16), number: 1 },
    previous: new Uint8Array(32),
  };
  const nothing = new Uint8Array();
  return appendRecord(disk, `${store.nodeDirectory}/work/results/000000000000.log`, answeredKind, {
    ...{ result: seal(jobResultKind, result, store.key), receipt: nothing, root: new Uint8Array(32) },
    ...{ region: nothing, instance: nothing },
  });
}
