import { PART_NAMES, type PartName, partOf } from './parts.ts';
import { HW_PERMILLE, type HwType, type Measure, type Measured } from './score.ts';
import { ScoreError, thousandths } from './score-error.ts';
import { isWorkPart, type WorkPart } from './work.ts';

/** What the signed result of a benchmark says, in thousandths; still without what the hub's clock says of it. */
export interface Benchmark {
  readonly claimed: Measured;
  readonly hwType: HwType;
  /** Promised on the committed path when it was measured: what gate 5 holds the node to. */
  readonly committedGb: number;
}

type Report = Readonly<Record<string, unknown>>;

/** Where each part stands in the report. */
const FIGURES: { readonly [P in PartName]: (report: Report) => unknown } = {
  cpuSingle: (report) => report['cpuSingle'],
  cpuMulti: (report) => report['cpuMulti'],
  ipc: (report) => report['ipc'],
  blake2s: (report) => report['blake2sMbPerSecond'],
  secp256k1: (report) => report['secp256k1PerSecond'],
  ed25519: (report) => report['ed25519PerSecond'],
  pactProxy: (report) => report['pactProxyPerSecond'],
  hashVerify: (report) => report['hashVerifyPerSecond'],
  memory: (report) => scaled(report['memoryMb'], 0.001),
  memorySpeed: (report) => report['memoryMbPerSecond'],
  download: (report) => report['downloadMbitPerSecond'],
  jitter: (report) => report['jitterMs'],
  loss: (report) => scaled(report['loss'], 100),
  randomRead: (report) => report['randomReadIops'],
  randomWrite: (report) => report['randomWriteIops'],
  sequential: (report) => lower(report['sequentialReadMbPerSecond'], report['sequentialWriteMbPerSecond']),
  commitment: (report) => report['committedGb'],
};

function scaled(figure: unknown, factor: number): unknown {
  return typeof figure === 'number' ? figure * factor : figure;
}

/** A drive is as good as the worse of its two ways. */
function lower(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? Math.min(a, b) : (a ?? b);
}

/** @throws ScoreError where a figure is no number, negative, or more than any machine has. */
export function readBenchmark(report: Report): Benchmark {
  const measures = PART_NAMES.flatMap((name): (readonly [PartName, Measure])[] => {
    const figure = FIGURES[name](report);
    if (figure === undefined) return [];
    const value = thousandths(name, figure);
    // Through the page cache the figures are those of memory.
    const fallback = partOf(name).group === 'drive' && report['direct'] === false;
    return [[name, fallback ? { value, fault: 'fallback' } : { value }]];
  });
  return {
    claimed: Object.fromEntries(measures),
    hwType: hwTypeOf(report['hw']),
    committedGb: Math.floor(thousandths('commitment', report['committedGb'] ?? 0) / 1_000),
  };
}

/** An agent that doesn't say counts as what earns least. */
function hwTypeOf(told: unknown): HwType {
  if (told === undefined) return 'container';
  if (typeof told === 'string' && Object.hasOwn(HW_PERMILLE, told)) return told as HwType;
  throw new ScoreError(
    'bad_measure',
    `'hw' is ${String(JSON.stringify(told))}: one of ${Object.keys(HW_PERMILLE).join(', ')} is expected`,
  );
}

/** What the hub saw of a part that answers a nonce: thousandths that its clock allows, or that the answer was wrong. */
export type Proofs = { readonly [P in WorkPart]?: number | 'wrong' };

/** Way and scheduling take some of the hub's time, not of the machine's: that much is believed on top. */
const TOLERANCE_PERMILLE = 1_100n;

/**
 * Claims as far as they were proven. What answers a nonce and was not proven counts nothing; nor does any of a drive whose
 * random reads were not.
 */
export function provenBy(claimed: Measured, proofs: Proofs): Measured {
  return Object.fromEntries(
    Object.entries(claimed).map(([name, measure]) => {
      const part = partOf(name as PartName).group === 'drive' ? 'randomRead' : name;
      if (!isWorkPart(part)) return [name, measure];
      const proof = proofs[part];
      if (proof === undefined || proof === 'wrong') return [name, { ...measure, fault: 'unproven' }];
      return [name, part === name ? timed(measure, proof) : measure];
    }),
  );
}

function timed(measure: Measure, proof: number): Measure {
  const most = (BigInt(proof) * TOLERANCE_PERMILLE) / 1_000n;
  return BigInt(measure.value) <= most ? measure : { ...measure, value: proof, claimed: measure.value };
}
