import { type Cause, WORDS } from './cause.ts';
import { hourName } from './stamp.tsx';
import { type Run, runsOf, splitHour, type WorthHour } from './waterfall.ts';

/** An hour, minute by minute, as a strip; what it shows stands in words beside it. */
export function MinuteStrip({ runs }: { runs: readonly Run[] }) {
  return (
    <svg class="minutes" viewBox="0 0 60 4" preserveAspectRatio="none" aria-hidden="true">
      <rect width="60" height="4" class="minute-none" />
      {runs.map(({ cause, from, until, gap }) => (
        <rect x={from} width={until - from} height="4" class={`minute-${gap ? 'gap' : kindOf(cause)}`} />
      ))}
    </svg>
  );
}

export function runsOfHour(hour: WorthHour): Run[] {
  return runsOf(splitHour(hour), hour.hour.gap);
}

/** Minutes that were not paid, or by a hub's gap, in words. */
export function RunWords({ hubHour, runs }: { hubHour: number; runs: readonly Run[] }) {
  const told = runs.filter(({ cause, gap }) => cause !== 'paid' || gap);
  if (told.length === 0) return <>{runs.length === 0 ? 'no minute to judge' : 'every minute paid'}</>;
  const items = told.map((run) => <li>{wordsOf(hubHour, run)}</li>);
  if (told.length <= SHOWN) return <ul class="runs">{items}</ul>;
  return (
    <details class="runs-more">
      <summary>{told.length} spans of minutes</summary>
      <ul class="runs">{items}</ul>
    </details>
  );
}

const SHOWN = 4;

function wordsOf(hubHour: number, { cause, from, until, gap }: Run): string {
  const first = hourName(hubHour, from);
  const span = until - from === 1 ? first : `${first} to ${hourName(hubHour, until - 1)}`;
  const what = cause === 'paid' ? 'paid' : WORDS[cause].name.toLowerCase();
  return `${span} ${what}${gap ? ', a gap of the hub that costs nobody' : ''}`;
}

type Kind = 'paid' | 'waits' | 'away' | 'doubt' | 'gate';

/** Few colours: each is told apart by its lightness too, and none is needed to read the table. */
function kindOf(cause: Cause): Kind {
  if (cause === 'paid' || cause === 'waits' || cause === 'away') return cause;
  return cause === 'unsupported' || cause === 'unjudged' ? 'doubt' : 'gate';
}

export const LEGEND: readonly { readonly kind: Kind | 'gap'; readonly word: string }[] = [
  { kind: 'paid', word: 'paid' },
  { kind: 'waits', word: 'earned in warm-up, waits' },
  { kind: 'gap', word: 'gap of the hub, earned by rule' },
  { kind: 'gate', word: 'a gate was closed' },
  { kind: 'doubt', word: 'told by one side only, or not judged' },
  { kind: 'away', word: 'not connected' },
];
