import {
  type Finding,
  formatMinutes,
  type HourReport,
  type HourVerdict,
  wordAlone,
} from '@stoa/protocol/stoicism';
import { mark, type Tone } from '#cli/style.ts';
import { clockOf } from '#earnings/account-view.ts';

const TEST = 'TEST: what these hours were paid has no value on chain';

const TONE: Readonly<Record<HourVerdict, Tone>> = {
  match: 'ok',
  partly: 'warn',
  differs: 'fail',
  unknown: 'skip',
};

/** Of a day, its worst hour; `unknown` where nothing of it can be recomputed. */
export function dayVerdict(reports: readonly HourReport[]): HourVerdict {
  const has = (verdict: HourVerdict) => reports.some((report) => report.verdict === verdict);
  if (has('differs')) return 'differs';
  if (has('unknown') || reports.length === 0) return 'unknown';
  return has('partly') ? 'partly' : 'match';
}

/** Whose word something rests on, and in which hours. */
export interface Trusted {
  signer: string;
  /** A gate, or another subject. */
  what: string;
  hours: number[];
  minutes: number;
}

export function trustedOf(reports: readonly HourReport[]): Trusted[] {
  const all = new Map<string, Trusted>();
  for (const { hubHour, findings } of reports)
    for (const finding of findings) {
      if (finding.what !== 'rests-on') continue;
      const [signer, what] = [finding.signer ?? 'nobody', whatOf(finding)];
      const one = all.get(`${signer} ${what}`) ?? { signer, what, hours: [], minutes: 0 };
      if (one.hours.at(-1) !== hubHour) one.hours.push(hubHour);
      one.minutes += (finding.minutes ?? 0n).toString(2).replaceAll('0', '').length;
      all.set(`${signer} ${what}`, one);
    }
  return [...all.values()].sort((a, b) => a.signer.localeCompare(b.signer));
}

/** For people: an hour a line, what differs below it, then whom the rest is believed. */
export function renderReport(day: string, reports: readonly HourReport[], color: boolean): string {
  const trusted = trustedOf(reports);
  return [
    `${day} UTC`,
    ...reports.flatMap((report) => hourLines(report, color)),
    ...(trusted.length === 0 ? [] : ['', 'Rests on the word of others, and can’t be recomputed here']),
    ...trusted.map(
      ({ signer, what, hours, minutes }) =>
        `  ${signer}: ${what}${minutes === 0 ? '' : `, ${minutes} min`} in ${hoursText(hours)}`,
    ),
    '',
    sentenceOf(reports),
    ...(reports.some(({ mode }) => mode === 'shadow') ? [TEST] : []),
    '',
  ].join('\n');
}

export function reportJson(day: string, reports: readonly HourReport[]): object {
  const of = (what: Finding['what']) =>
    reports.flatMap(({ findings }) => findings.filter((finding) => finding.what === what).map(findingJson));
  return {
    ...{ day, verdict: dayVerdict(reports) },
    hours: reports.map(({ hubHour, verdict, mode, findings }) => ({
      ...{ hubHour, at: clockOf(hubHour), verdict, mode },
      byWordAlone: wordAlone(findings),
    })),
    ...{ differs: of('differs'), missing: of('missing') },
    restsOn: trustedOf(reports).map(({ hours, ...rest }) => ({ ...rest, hours: hours.map(clockOf) })),
  };
}

function findingJson({ hubHour, minutes, ...finding }: Finding): object {
  return { ...finding, hubHour, at: clockOf(hubHour), ...(minutes && { minutes: formatMinutes(minutes) }) };
}

function hourLines({ hubHour, verdict, mode, findings }: HourReport, color: boolean): string[] {
  const told = findings.filter(({ what }) => what === 'differs' || what === 'missing');
  return [
    `${clockOf(hubHour)}  ${mark(TONE[verdict], color)} ${verdict}${mode === 'shadow' ? ', TEST' : ''}${restOf(findings)}`,
    ...told.flatMap(({ what, text, expected, found, signer }) => [
      `       ${what}: ${text}${signer ? ` (${signer})` : ''}`,
      ...(what === 'differs' ? [`         expected ${expected}`, `         found    ${found}`] : []),
    ]),
  ];
}

/** What nobody but others can vouch for belongs to the verdict itself. */
function restOf(findings: readonly Finding[]): string {
  const believed = wordAlone(findings);
  return believed.length === 0 ? '' : `, by the word of others alone: ${believed.join(', ')}`;
}

function sentenceOf(reports: readonly HourReport[]): string {
  const at = (verdict: HourVerdict) =>
    hoursText(reports.filter((report) => report.verdict === verdict).map(({ hubHour }) => hubHour));
  switch (dayVerdict(reports)) {
    case 'differs':
      return `differs in ${at('differs')}`;
    case 'unknown':
      return reports.length === 0
        ? 'nothing of this day is kept here'
        : `not settled, or its receipt is not here: ${at('unknown')}`;
    case 'partly':
      return `match, as far as the documents are here: not all of ${at('partly')}`;
    default:
      return `match${restOf(reports.flatMap(({ findings }) => findings))}`;
  }
}

function hoursText(hours: readonly number[]): string {
  return hours.length === 24 ? 'all 24 hours' : hours.map(clockOf).join(', ');
}

function whatOf({ subject, gate }: Finding): string {
  return gate === undefined ? subject : `gate ${gate}`;
}
