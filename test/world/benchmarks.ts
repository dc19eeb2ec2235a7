import type { BenchmarkRun } from '@stoa/hub/scores';
import { fromHex } from '@stoa/protocol';
import { type Proofs, partOf, provenBy, readBenchmark, WORK_PARTS } from '@stoa/protocol/stoicism';
import type { Dice } from './random.ts';
import type { WorldNode } from './world-node.ts';

const HOUR_MS = 3_600_000;
/** One in so many was never measured: its gate 2 is closed. */
const UNMEASURED = 40;

/** The hub's clock would have allowed all that these machines claim. */
const PROVEN: Proofs = Object.fromEntries(WORK_PARTS.map((name) => [name, partOf(name).most]));

export interface PastBenchmark {
  readonly node: WorldNode;
  /** As the node reported it. */
  readonly report: Readonly<Record<string, unknown>>;
  /** As a hub knows it. */
  readonly run: BenchmarkRun;
}

/** A benchmark of each machine, of a day or two ago, as far as there was one: figures follow from the hardware. */
export function pastBenchmarks(nodes: readonly WorldNode[], now: number, dice: Dice): PastBenchmark[] {
  return nodes.flatMap((node, index) =>
    index % UNMEASURED === UNMEASURED - 1 ? [] : [pastBenchmark(node, now, dice.fork(`benchmark ${index}`))],
  );
}

/** The node has its own signed result, by which it can recompute its score. */
export function keepBenchmark({ node, report, run: { jobId, attempt } }: PastBenchmark): Promise<void> {
  return node.keepResult({
    ...{ jobId: fromHex(jobId.replaceAll('-', '')), attempt },
    ...{ kind: 'benchmark-node', report: JSON.stringify(report) },
  });
}

function pastBenchmark(node: WorldNode, now: number, dice: Dice): PastBenchmark {
  const report = figuresOf(node, dice);
  const { claimed, hwType, committedGb } = readBenchmark(report);
  const run = {
    ...{ jobId: uuidOf(dice), attempt: 1, nodeId: node.nodeId, endedAt: now - dice.number(25, 60) * HOUR_MS },
    ...{ measured: provenBy(claimed, PROVEN), hwType, committedGb, fault: '', decision: undefined },
  };
  return { node, report, run };
}

/** As `benchmark-node` reports them. */
function figuresOf(
  { machine, committedGb, place }: WorldNode,
  dice: Dice,
): Readonly<Record<string, unknown>> {
  const { cores, memoryTotalBytes } = machine.host;
  const pace = dice.number(0.6, 1.4);
  return {
    ...{
      cpuSingle: 4_000 * pace,
      cpuMulti: Math.min(40_000, 3_600 * pace * cores),
      ipc: dice.number(0.8, 2),
    },
    ...{ blake2sMbPerSecond: 550 * pace, secp256k1PerSecond: 27_000 * pace, ed25519PerSecond: 23_000 * pace },
    ...{ pactProxyPerSecond: 900 * pace, hashVerifyPerSecond: 3_600 * pace },
    ...{ memoryMb: memoryTotalBytes / 1e6, memoryMbPerSecond: dice.number(6_000, 18_000) },
    ...{ randomReadIops: dice.number(8_000, 60_000), randomWriteIops: dice.number(6_000, 45_000) },
    ...{
      sequentialReadMbPerSecond: dice.number(350, 1_800),
      sequentialWriteMbPerSecond: dice.number(300, 1_200),
    },
    ...{ direct: true, downloadMbitPerSecond: dice.number(90, 900) },
    ...{ jitterMs: place.latencyMs * dice.number(0.05, 0.2), loss: dice.number(0, 0.004), committedGb },
    hw: place.tags.includes('rack') ? 'bare-metal' : place.tags.includes('cloud') ? 'vps' : 'container',
  };
}

function uuidOf(dice: Dice): string {
  const hex = Buffer.from(dice.bytes(16)).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
