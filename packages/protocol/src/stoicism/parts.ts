/**
 * What a benchmark measures, and how each part counts: the published weights, of 1,000,000 for the whole score of 1.0. Values
 * are whole thousandths of their unit, so that no result rests on a float.
 */

/**
 * How a value becomes a share of its weight. more: value / baseline, also above 1. capped: the same, at most 1. less: full at
 * the baseline, nothing at `least`, in a line between. logarithmic: log(1 + value) / log(1 + baseline).
 */
export type PartRule = 'more' | 'capped' | 'less' | 'logarithmic';

export interface ScorePart {
  readonly group: 'processor' | 'memory' | 'network' | 'drive' | 'commitment';
  readonly title: string;
  readonly unit: string;
  readonly weightPpm: number;
  readonly rule: PartRule;
  /** Thousandths: the value that earns the full weight, where no region has set another. */
  readonly baseline: number;
  /** Thousandths: what is worse earns nothing. */
  readonly least?: number;
  /** Thousandths: no machine has more, so a figure above it was never measured. */
  readonly most: number;
  /** Counted by the system and not timed: no fallback inflates it, so ten times its baseline is no anomaly. */
  readonly amount?: true;
}

type Row = Pick<ScorePart, 'title' | 'unit'>;

const linear = (group: ScorePart['group'], row: Row, percent: number, baseline: number): ScorePart => ({
  ...{ ...row, group, rule: 'more', weightPpm: percent * 10_000 },
  ...{ baseline: baseline * 1_000, most: baseline * 1_000_000 },
});

/** The baselines of the drive and of the commitment are our ruling: docs/scores.md. */
export const SCORE_PARTS = {
  cpuSingle: linear('processor', { title: 'one thread', unit: 'events/s' }, 4, 5_000),
  cpuMulti: linear('processor', { title: 'all threads', unit: 'events/s' }, 4, 5_000),
  ipc: linear('processor', { title: 'instructions a cycle', unit: '' }, 2, 1.5),
  blake2s: linear('processor', { title: 'Blake2s', unit: 'MB/s' }, 2, 600),
  secp256k1: linear('processor', { title: 'secp256k1', unit: '/s' }, 3, 30_000),
  ed25519: linear('processor', { title: 'Ed25519', unit: '/s' }, 2, 25_000),
  pactProxy: linear('processor', { title: 'contract-like steps', unit: '/s' }, 3, 1_000),
  hashVerify: linear('processor', { title: 'header hashes', unit: '/s' }, 2, 4_000),
  memory: { ...linear('memory', { title: 'amount', unit: 'GB' }, 15, 8), amount: true },
  memorySpeed: linear('memory', { title: 'speed', unit: 'MB/s' }, 4, 8_000),
  download: {
    ...linear('network', { title: 'download', unit: 'Mbit/s' }, 16, 500),
    rule: 'capped',
    least: 50_000,
  },
  jitter: { ...linear('network', { title: 'jitter', unit: 'ms' }, 2, 5), rule: 'less', least: 50_000 },
  loss: {
    ...linear('network', { title: 'loss', unit: '%' }, 2, 0),
    rule: 'less',
    least: 2_000,
    most: 100_000,
  },
  randomRead: linear('drive', { title: 'random reads of 4 KiB', unit: '/s' }, 7, 20_000),
  randomWrite: linear('drive', { title: 'random writes of 4 KiB', unit: '/s' }, 7, 20_000),
  sequential: linear('drive', { title: 'in order by 1 MiB', unit: 'MB/s' }, 7, 500),
  commitment: {
    ...linear('commitment', { title: 'committed', unit: 'GB' }, 18, 1_000),
    rule: 'logarithmic',
    amount: true,
  },
} as const satisfies Record<string, ScorePart>;

export type PartName = keyof typeof SCORE_PARTS;

export const PART_NAMES = Object.keys(SCORE_PARTS) as readonly PartName[];

export function isPartName(name: string): name is PartName {
  return Object.hasOwn(SCORE_PARTS, name);
}

export function partOf(name: PartName): ScorePart {
  return SCORE_PARTS[name];
}

/** Thousandths that earn the full weight of each part, in one region from one hour on. */
export type Baselines = { readonly [P in PartName]: number };

export const SEED_BASELINES: Baselines = Object.fromEntries(
  PART_NAMES.map((name) => [name, partOf(name).baseline]),
) as Baselines;
