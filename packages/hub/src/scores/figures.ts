import { type PartName, partOf, type ScoredPart } from '@stoa/protocol/stoicism';
import { number } from '../console/format.ts';

/** A value of a part as people read it. @param thousandths of its unit. */
export function figure(part: PartName, thousandths: number): string {
  const { unit } = partOf(part);
  const shown =
    thousandths >= 100_000 ? number(Math.round(thousandths / 1_000)) : String(thousandths / 1_000);
  return unit === '' ? shown : unit.startsWith('/') ? `${shown}${unit}` : `${shown} ${unit}`;
}

/** Of the whole score: `0.160`. */
export function share(ppm: number): string {
  return (ppm / 1_000_000).toFixed(3);
}

const WHY = {
  missing: 'not measured',
  fallback: 'through the page cache',
  unproven: 'no right answer to the hub’s nonce',
  'ten-times': 'ten times its baseline',
  below: 'past the minimum',
  timed: 'as far as the hub’s clock allows',
  capped: 'up to 4 times its baseline',
} as const;

/** Why a part earns what it does, in a few words; '' where that is plain. */
export function whyOf({ note }: Pick<ScoredPart, 'note'>): string {
  return note === undefined ? '' : WHY[note];
}

/** What would make a part earn more; '' where nothing would. */
export function raiseOf(scored: ScoredPart): string {
  const { part, baseline, weightPpm, earnedPpm, note } = scored;
  const { rule, least } = partOf(part);
  switch (note) {
    case 'missing':
      return part === 'ipc'
        ? 'install perf on the host'
        : 'see the log of the job for why it was not measured';
    case 'fallback':
      return 'a committed path on a file system with direct transfers';
    case 'unproven':
      return 'a present agent, and the hub within its reach while it measures';
    case 'ten-times':
    case 'capped':
      return 'a review by an admin';
    case 'below':
      return rule === 'less'
        ? `less than ${figure(part, least!)}`
        : `at least ${figure(part, Math.max(1, least ?? 0))}`;
    case 'timed':
      return 'a shorter way to the hub, and nothing else on the machine while it measures';
    default:
      if (earnedPpm >= weightPpm)
        return rule === 'capped' || rule === 'less' ? '' : `more than ${figure(part, baseline)}`;
      return `${figure(part, baseline)} for all of it`;
  }
}
