import { type SettledReceipt, utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { formatBreakdown, readBenchmark, SEED_BASELINES, serverScore } from '@stoa/protocol/stoicism';
import { expect, test } from 'vitest';
import { type EarningsWorld, earningsWorld } from '#earnings/earnings-world.fixture.ts';
import { keepBenchmark } from '#earnings/own-benchmark.fixture.ts';

const REPORT = { cpuSingle: 2_500, cpuMulti: 5_000, memoryMb: 16_000, committedGb: 100, hw: 'vps' };
const { claimed, hwType } = readBenchmark(REPORT);
const OF = {
  ...{ jobId: '01010101-0101-0101-0101-010101010101', attempt: 2, baselineVersion: 0 },
  ...{ hwType, limits: 'policy' as const, committedGb: 100 },
};

function breakdownOf(measured: typeof claimed): { micro: number; document: Uint8Array } {
  const score = serverScore(measured, SEED_BASELINES, hwType);
  return { micro: score.micro, document: utf8(formatBreakdown(OF, score)) };
}

/** By such a score, as the hub names it. */
function scored({ micro, document }: { micro: number; document: Uint8Array }): Partial<SettledReceipt> {
  return {
    ...{ microScore: micro, scoreVersion: 3 },
    evidence: [{ kind: 'score', hash: nodeCrypto.hash(document) }],
  };
}

/** The node measured itself once, and the hub has receipted that. */
async function measured(): Promise<EarningsWorld> {
  const world = await earningsWorld(1);
  await keepBenchmark(world.w, { jobId: 1, attempt: 2, report: REPORT });
  return world;
}

async function ofScore({ verify }: EarningsWorld, documents: Uint8Array[] = []) {
  const [report] = await verify(documents);
  return report!.findings
    .filter(({ subject }) => subject === 'score')
    .map(({ what, fault, expected, found }) => (fault ? [what, fault, expected, found] : [what]));
}

const honest = breakdownOf(claimed);
const slower = breakdownOf({ ...claimed, cpuSingle: { value: 1_000_000 } });

test('a score by the node’s own figures and the published table rests on nobody’s word, without any document', async () => {
  const world = await measured();
  await world.settle({ 0: scored(honest) });
  expect(await ofScore(world)).toEqual([['match']]);
});

test('a lowered score is named: less than its breakdown, or a breakdown of less than was measured', async () => {
  const less = await measured();
  await less.settle({ 0: { ...scored(honest), microScore: honest.micro - 1 } });
  expect(await ofScore(less)).toEqual([['differs', 'score-lowered', expect.any(String), expect.any(String)]]);
  const other = await measured();
  await other.settle({ 0: scored(slower) });
  expect(await ofScore(other, [slower.document])).toEqual([
    ['differs', 'score-lowered', 'cpuSingle 2500000', 'cpuSingle 1000000'],
  ]);
  // What the hub kept to itself can't be recomputed.
  expect(await ofScore(other)).toEqual([['missing']]);
});

test('a breakdown of a job that this node never did is no match', async () => {
  const world = await measured();
  const { micro } = serverScore(claimed, SEED_BASELINES, hwType);
  const foreign = { ...OF, jobId: '03030303-0303-0303-0303-030303030303' };
  const document = utf8(formatBreakdown(foreign, serverScore(claimed, SEED_BASELINES, hwType)));
  await world.settle({ 0: scored({ micro, document }) });
  expect(await ofScore(world, [document])).toEqual([['match'], ['missing']]);
});
