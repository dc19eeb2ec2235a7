import { type PartName, requireBaselines, ScoreError, SEED_BASELINES } from '@stoa/protocol/stoicism';

/** What is wrong with a baseline of one part, in thousandths; undefined where nothing is. */
export function baselineFault(part: PartName, baseline: number): string | undefined {
  try {
    requireBaselines({ ...SEED_BASELINES, [part]: baseline });
    return undefined;
  } catch (error) {
    if (error instanceof ScoreError) return error.message;
    throw error;
  }
}
