import type { Finding, HourReport, HourVerdict } from '@stoa/protocol/stoicism';
import { element } from './element.ts';
import type { PublishedRoots } from './published-roots.ts';

const WORDS: Readonly<Record<Finding['what'], string>> = {
  differs: 'differs',
  missing: 'not here',
  'rests-on': 'another’s word',
  match: 'matches',
};
const ORDER: readonly Finding['what'][] = ['differs', 'missing', 'rests-on', 'match'];

const VERDICTS: Readonly<Record<HourVerdict, string>> = {
  match: 'matches',
  partly: 'matches, as far as the file goes',
  differs: 'differs',
  unknown: 'can’t be told: what was paid is not here',
};

/** One hour: its verdict, and all that it is made of. Those that differ stand open. */
export function hourView({ hubHour, verdict, mode, findings }: HourReport): HTMLElement {
  const details = element(
    'details',
    { class: 'verified', 'data-verdict': verdict, 'data-hour': String(hubHour) },
    element(
      'summary',
      {},
      element('time', { datetime: instant(hubHour) }, hourName(hubHour)),
      ' ',
      element(
        'strong',
        {},
        `${VERDICTS[verdict]}${mode === 'shadow' ? ', TEST: without value on chain' : ''}`,
      ),
    ),
    element('ul', { class: 'findings' }, ...sorted(findings).map(findingView)),
  );
  details.open = verdict === 'differs';
  return details;
}

/** One sentence over all hours. */
export function summaryOf(reports: readonly HourReport[]): string {
  const of = (verdict: HourVerdict) => reports.filter((report) => report.verdict === verdict);
  const differing = of('differs');
  if (differing.length > 0)
    return `Differs in ${hours(differing)}: ${differing.map(({ hubHour }) => hourName(hubHour)).join(', ')}.`;
  const [whole, partly, unknown] = [of('match'), of('partly'), of('unknown')];
  const parts = [
    ...(whole.length > 0 ? [matching(whole)] : []),
    ...(partly.length > 0 ? [`${matching(partly)} as far as the file goes`] : []),
    ...(unknown.length > 0 ? [`of ${hours(unknown)} the file has no receipt`] : []),
  ];
  return parts.length === 0 ? 'The file names no hour.' : `${parts.join('; ')}.`;
}

/** Which hours were not held against what is shown to everybody; nothing where all were. */
export function comparison({ unanswered }: Pick<PublishedRoots, 'unanswered'>, hours: number): string {
  if (unanswered.size === 0) return '';
  const some = unanswered.size === hours ? 'None of them was' : `${unanswered.size} of them were not`;
  return ` ${some} compared with the roots that this hub published: it did not answer.`;
}

function matching(reports: readonly HourReport[]): string {
  return `${hours(reports)} ${reports.length === 1 ? 'matches' : 'match'}`;
}

/** 2026-11-26 14:00, UTC. */
export function hourName(hubHour: number): string {
  return instant(hubHour).slice(0, 16).replace('T', ' ');
}

function instant(hubHour: number): string {
  return new Date(hubHour * 3_600_000).toISOString();
}

function hours({ length }: readonly unknown[]): string {
  return length === 1 ? '1 hour' : `${length} hours`;
}

function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => ORDER.indexOf(a.what) - ORDER.indexOf(b.what));
}

function findingView({ what, subject, text, signer, expected, found }: Finding): HTMLElement {
  const [one, other] = subject === 'roots' ? ['One', 'The other'] : ['By the evidence', 'By the receipt'];
  const compared = expected !== '' && found !== '' && what === 'differs';
  return element(
    'li',
    { class: `finding is-${what}` },
    element('span', { class: 'finding-what' }, WORDS[what]),
    element(
      'span',
      {},
      element('span', { class: 'finding-text' }, text),
      '.',
      compared && element('span', { class: 'sub' }, ` ${one}: ${expected}. ${other}: ${found}.`),
      signer !== undefined &&
        !text.includes(signer) &&
        element('span', { class: 'sub' }, ` Signed by ${signer}.`),
    ),
  );
}
