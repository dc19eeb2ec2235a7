import { ProtocolError } from '../errors.ts';
import { type Baselines, isPartName, PART_NAMES, type PartName } from './parts.ts';
import {
  HW_PERMILLE,
  type HwType,
  type Measured,
  type MeasureFault,
  type ScoreLimits,
  type ServerScore,
  serverScore,
} from './score.ts';

/** What a score is the sum of, as the hub's document tells it (`docs/scores.md`). */
export interface ScoreBreakdown {
  /** Of the node's benchmark: the id of its job as a UUID, and which attempt it was. */
  readonly jobId: string;
  readonly attempt: number;
  readonly baselineVersion: number;
  readonly hwType: HwType;
  readonly limits: ScoreLimits;
  /** Promised on the committed path when it was measured: gate 5 holds the node to that. */
  readonly committedGb: number;
  readonly measured: Measured;
  readonly baselines: Baselines;
  /** Parts of which the hub's own clock allowed less than the node said. */
  readonly timed: ReadonlySet<PartName>;
}

type Origin = Pick<
  ScoreBreakdown,
  'jobId' | 'attempt' | 'baselineVersion' | 'hwType' | 'limits' | 'committedGb'
>;

/** The same text for whoever computes it, whenever: receipts name its `hash`. */
export function formatBreakdown(of: Origin, { micro, parts }: ServerScore): string {
  const { jobId, attempt, baselineVersion, hwType, limits, committedGb } = of;
  return JSON.stringify({
    ...{ jobId, attempt, baselineVersion, hwType, limits, committedGb, micro },
    parts: parts.map(({ part, value = null, baseline, weightPpm, earnedPpm, note = null }) => ({
      ...{ part, value, baseline, weightPpm, earnedPpm, note },
    })),
  });
}

/** @throws ProtocolError `malformed` for what is no breakdown. */
export function readBreakdown(document: Uint8Array): ScoreBreakdown {
  const said = objectOf(parsed(document));
  const parts = Array.isArray(said['parts']) ? said['parts'].map(readPart) : [];
  const baselines = Object.fromEntries(parts.map(({ part, baseline }) => [part, baseline]));
  const { hwType, limits } = said;
  if (PART_NAMES.some((part) => baselines[part] === undefined))
    throw malformed('it does not name every part');
  if (typeof hwType !== 'string' || !(hwType in HW_PERMILLE)) throw malformed(`hwType is ${String(hwType)}`);
  if (limits !== 'policy' && limits !== 'reviewed') throw malformed(`limits is ${String(limits)}`);
  return {
    jobId: String(said['jobId']),
    attempt: numberOf(said, 'attempt'),
    baselineVersion: numberOf(said, 'baselineVersion'),
    ...{ hwType: hwType as HwType, limits },
    committedGb: numberOf(said, 'committedGb'),
    measured: Object.fromEntries(parts.flatMap(({ part, measure }) => (measure ? [[part, measure]] : []))),
    baselines: baselines as Baselines,
    timed: new Set(parts.flatMap(({ part, isTimed }) => (isTimed ? [part] : []))),
  };
}

/** @param baselines instead of those that it names. @throws ScoreError for figures that no machine has. */
export function recomputed(
  breakdown: ScoreBreakdown,
  baselines: Baselines = breakdown.baselines,
): ServerScore {
  return serverScore(breakdown.measured, baselines, breakdown.hwType, breakdown.limits);
}

function readPart(value: unknown) {
  const row = objectOf(value);
  const { part, note } = row;
  if (typeof part !== 'string' || !isPartName(part)) throw malformed(`a part is ${String(part)}`);
  const fault: MeasureFault | undefined = note === 'fallback' || note === 'unproven' ? note : undefined;
  const measure =
    row['value'] === null
      ? undefined
      : { value: numberOf(row, 'value'), ...(fault !== undefined && { fault }) };
  return { part, baseline: numberOf(row, 'baseline'), measure, isTimed: note === 'timed' };
}

function parsed(document: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(document));
  } catch (cause) {
    throw new ProtocolError('malformed', 'the breakdown of a score is no JSON', { cause });
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('an object is expected');
  return value as Record<string, unknown>;
}

function numberOf(from: Readonly<Record<string, unknown>>, name: string): number {
  const value = from[name];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw malformed(`${name} is ${String(value)}`);
  return value;
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('malformed', `the breakdown of a score: ${what}`);
}
