import { logRatioPpm } from './log-ratio.ts';
import { type Baselines, PART_NAMES, type PartName, partOf, type ScorePart } from './parts.ts';
import { requireBaseline, requireValue } from './score-error.ts';

/** Bare metal earns more, a container less, of the same figures: per-mille. */
export const HW_PERMILLE = { 'bare-metal': 1_150, vps: 1_000, container: 900 } as const;
export type HwType = keyof typeof HW_PERMILLE;

/** fallback: by a stand-in that doesn't compare. unproven: it should have answered a nonce and did not, or wrongly. */
export type MeasureFault = 'fallback' | 'unproven';

export interface Measure {
  /** Whole thousandths of the part's unit. */
  readonly value: number;
  /** It then earns nothing. */
  readonly fault?: MeasureFault;
  /** What was claimed, where the hub's own clock allowed only `value`. */
  readonly claimed?: number;
}

/** A part that is not there was not measured. */
export type Measured = { readonly [P in PartName]?: Measure };

/**
 * missing, fallback, unproven, ten-times and below: why a part earns nothing. timed: counted as far as the hub's clock
 * allows. capped: counted up to 4 times its baseline until somebody reviews it.
 */
export type PartNote = 'missing' | MeasureFault | 'ten-times' | 'below' | 'timed' | 'capped';

export interface ScoredPart {
  readonly part: PartName;
  /** Thousandths; undefined where it was not measured. */
  readonly value: number | undefined;
  readonly baseline: number;
  readonly weightPpm: number;
  /** Of the whole score, before the factor of the hardware. */
  readonly earnedPpm: number;
  readonly note: PartNote | undefined;
}

export interface ServerScore {
  /** Whole 1e-6. */
  readonly micro: number;
  readonly parts: readonly ScoredPart[];
  /** Parts that earn nothing though something was measured, or whose tool is missing. */
  readonly anomalies: readonly PartName[];
  /** More than policy counts: what it would be is `serverScore(…, 'reviewed').micro`. */
  readonly needsReview: boolean;
}

/** policy: a part counts up to 4 times its baseline, a node up to a score of 5. reviewed: an admin has accepted what is above. */
export type ScoreLimits = 'policy' | 'reviewed';

const PART_CAP = 4n;
const TEN_TIMES = 10;
export const MICRO_CAP = 5_000_000;

/**
 * The ServerScore of one benchmark. Linear in each value up to the caps; what is missing earns nothing and is never spread over
 * the rest; every product rounds down.
 * @throws ScoreError for a value or a baseline that no machine has.
 */
export function serverScore(
  measured: Measured,
  baselines: Baselines,
  hwType: HwType,
  limits: ScoreLimits = 'policy',
): ServerScore {
  const parts = PART_NAMES.map((part) => scored(part, measured[part], baselines[part], limits));
  const sum = parts.reduce((total, { earnedPpm }) => total + earnedPpm, 0);
  const whole = Math.floor((sum * HW_PERMILLE[hwType]) / 1_000);
  const micro = limits === 'policy' ? Math.min(whole, MICRO_CAP) : whole;
  const needsReview =
    limits === 'policy' && serverScore(measured, baselines, hwType, 'reviewed').micro > micro;
  const anomalies = parts.flatMap(({ part, note }) => (isAnomaly(note) ? [part] : []));
  return { micro, parts, anomalies, needsReview };
}

function isAnomaly(note: PartNote | undefined): boolean {
  return note === 'missing' || note === 'fallback' || note === 'unproven' || note === 'ten-times';
}

function scored(
  name: PartName,
  measure: Measure | undefined,
  baseline: number,
  limits: ScoreLimits,
): ScoredPart {
  const part = partOf(name);
  requireBaseline(name, baseline);
  const row = { part: name, value: measure?.value, baseline, weightPpm: part.weightPpm };
  if (measure === undefined) return { ...row, earnedPpm: 0, note: 'missing' };
  requireValue(name, measure.value);
  const { value, fault, claimed } = measure;
  if (fault !== undefined) return { ...row, earnedPpm: 0, note: fault };
  const lifted = limits === 'reviewed';
  if (isSuspect(part, value, baseline) && !lifted) return { ...row, earnedPpm: 0, note: 'ten-times' };
  const earnedPpm = Number(earned(part, BigInt(value), BigInt(baseline), lifted));
  if (earnedPpm === 0) return { ...row, earnedPpm, note: 'below' };
  const capped = mayExceed(part) && BigInt(value) > PART_CAP * BigInt(baseline) && !lifted;
  const note = capped ? 'capped' : claimed === undefined ? undefined : 'timed';
  return { ...row, earnedPpm, note };
}

/** A rate that is ten times what a good machine has comes from a fault of the measure more often than from a machine. */
function isSuspect({ rule, amount }: ScorePart, value: number, baseline: number): boolean {
  return rule !== 'less' && amount !== true && value >= TEN_TIMES * baseline;
}

function mayExceed({ rule }: ScorePart): boolean {
  return rule === 'more' || rule === 'logarithmic';
}

function earned(part: ScorePart, value: bigint, baseline: bigint, lifted: boolean): bigint {
  const weight = BigInt(part.weightPpm);
  const least = BigInt(part.least ?? 0);
  const limit = PART_CAP * baseline;
  const counted = lifted || value < limit ? value : limit;
  switch (part.rule) {
    case 'more':
      return (weight * counted) / baseline;
    case 'capped':
      return value < least ? 0n : (weight * (value < baseline ? value : baseline)) / baseline;
    case 'less':
      if (value >= least) return 0n;
      return value <= baseline ? weight : (weight * (least - value)) / (least - baseline);
    case 'logarithmic':
      return (weight * logRatioPpm(counted, baseline)) / 1_000_000n;
    default:
      return part.rule satisfies never;
  }
}

/** `0.987654`. @param micro whole 1e-6. */
export function formatScore(micro: number): string {
  return `${Math.floor(micro / 1_000_000)}.${String(micro % 1_000_000).padStart(6, '0')}`;
}
