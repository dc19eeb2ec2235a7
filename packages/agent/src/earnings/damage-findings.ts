import { basename } from 'node:path';
import type { EvidenceHour, Finding } from '@stoa/protocol/stoicism';
import type { Damage, Kept, KeptWhat } from '#earnings/kept-evidence.ts';

const SUBJECT: Readonly<
  Record<KeptWhat, Pick<Finding, 'subject'> & { fault: NonNullable<Finding['fault']> }>
> = {
  'checkpoint and receipt': { subject: 'receipt', fault: 'forged' },
  'own record': { subject: 'log', fault: 'log-altered' },
  'settled receipt': { subject: 'settled', fault: 'forged' },
};

type Differing = Pick<Finding, 'subject' | 'expected' | 'found' | 'text'> & {
  fault: NonNullable<Finding['fault']>;
};

export function differs(hubHour: number, told: Differing): Finding {
  return { ...told, hubHour, what: 'differs' };
}

/**
 * Lines that are not as they were written, each laid to the hours that lack what it held. Where none does (a line more than
 * there should be), to the one beside it.
 * @param span First hour of the day, and the one after its last.
 */
export function damageFindings({ hours, damaged }: Kept, span: { from: number; until: number }): Finding[] {
  return damaged.flatMap((damage) =>
    hoursOf(damage, hours, span).map((hubHour) =>
      differs(hubHour, {
        ...SUBJECT[damage.what],
        expected: `a whole line of ${basename(damage.path)} for each hour`,
        found: `${damage.path}: a line ${place(damage)} that is not as it was written`,
        text: `the ${damage.what} of this hour, or a line beside it, was changed or torn`,
      }),
    ),
  );
}

function hoursOf(
  { what, before, after }: Damage,
  hours: Kept['hours'],
  { from, until }: { from: number; until: number },
): number[] {
  const first = Math.max(from, before === undefined ? from : before + 1);
  const end = Math.min(until, after ?? until);
  const between = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
  const lacking = between.filter((hubHour) => lacks(hours.get(hubHour), what));
  // A file that ends with it was of no more hours than the others: what comes after them is not lacking.
  const known = lacking.filter((hubHour) => hours.has(hubHour));
  if (known.length > 0) return known;
  const beside = [after, before, lacking[0]].find((hubHour) => hubHour !== undefined);
  return beside === undefined || beside < from || beside >= until ? [] : [beside];
}

function lacks(hour: EvidenceHour | undefined, what: KeptWhat): boolean {
  if (hour === undefined) return true;
  if (what === 'own record') return hour.log === undefined;
  if (what === 'settled receipt') return hour.settled.length === 0;
  return hour.checkpoint === undefined;
}

function place({ before, after }: Damage): string {
  if (before === undefined && after === undefined) return 'alone in its file';
  if (before === undefined) return `before that of hour ${after}`;
  return after === undefined
    ? `behind that of hour ${before}`
    : `between those of hours ${before} and ${after}`;
}
