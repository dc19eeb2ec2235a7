import {
  countMinutes,
  formatMinutes,
  formatPoints,
  formatScore,
  minutePoints,
} from '@stoa/protocol/stoicism';
import { mark, type Tone } from '#cli/style.ts';
import { type CauseSum, sumsOf } from '#earnings/day-account.ts';
import type { Cause, HourAccount } from '#earnings/hour-account.ts';

const DECIMALS = 4;
const WORDS: Readonly<Record<Cause, string>> = {
  'not connected': 'the hub heard nothing',
  'told by one side only': 'hub or node alone knows of it',
  'not judged': 'the hub did not judge',
  account: 'no payout account',
  benchmark: 'no ServerScore',
  tip: 'not at the tip, or told too late',
  'warm-up': 'earned in warm-up, waits for its end',
  commitment: 'less free than is promised',
  argv: 'arguments of chainweb-node don’t help the network',
  serving: 'chainweb is down, or its P2P port was not reached',
  'earned in warm-up': 'waits for the end of the warm-up',
  counted: 'counted so far, not settled yet',
  paid: 'paid',
};

/** `13:00`, UTC. */
export function clockOf(hubHour: number): string {
  return `${String(hubHour % 24).padStart(2, '0')}:00`;
}

/** For people: what the day came to, and what each gate cost. */
export function renderToday(day: string, hours: readonly HourAccount[], color: boolean): string {
  const settled = hours.filter(({ by }) => by === 'settled').length;
  return [
    `${day} UTC: ${hours.length} ${hours.length === 1 ? 'hour' : 'hours'} begun, ${settled} settled by the region`,
    ...sumsOf(hours).map((sum) => sumLine(sum, color)),
    ...(hours.length > settled
      ? ['Of hours that are not settled only what this node knows is told; the hub judges the rest.']
      : []),
    '',
  ].join('\n');
}

/** For people: the waterfall, an hour a paragraph. */
export function renderWhy(day: string, hours: readonly HourAccount[], color: boolean): string {
  return [
    `${day} UTC`,
    ...hours.flatMap((hour) => [headOf(hour), ...hour.shares.map((share) => shareLine(hour, share, color))]),
    'In all',
    ...sumsOf(hours).map((sum) => sumLine(sum, color)),
    '',
  ].join('\n');
}

export function hourJson({ hubHour, by, shares, gap, microScore, account }: HourAccount): object {
  return {
    ...{ hubHour, at: clockOf(hubHour), by, account },
    score: microScore === undefined ? null : formatScore(microScore),
    gap: formatMinutes(gap),
    shares: shares.map(({ cause, minutes }) => ({
      ...{ cause, count: countMinutes(minutes), minutes: formatMinutes(minutes) },
      points: microScore === undefined ? null : pointsOf(minutes, microScore),
    })),
  };
}

export function sumJson({ cause, minutes, units }: CauseSum): object {
  return { cause, minutes, points: formatPoints(units) };
}

function headOf({ hubHour, by, microScore, account, gap }: HourAccount): string {
  if (by === 'own') return `${clockOf(hubHour)}  not settled yet`;
  const whom = account === '' ? 'to nobody' : `to ${account}`;
  const gaps = gap === 0n ? '' : `, a gap of the hub in minutes ${formatMinutes(gap)}`;
  return `${clockOf(hubHour)}  at score ${formatScore(microScore ?? 0)}, ${whom}${gaps}`;
}

function shareLine(
  { microScore }: HourAccount,
  { cause, minutes }: { cause: Cause; minutes: bigint },
  color: boolean,
): string {
  const points = microScore === undefined ? '' : pointsOf(minutes, microScore, DECIMALS);
  const head = `${mark(toneOf(cause), color)} ${cause.padEnd(22)}`;
  const count = `${String(countMinutes(minutes)).padStart(2)} min  ${points.padStart(9)}`;
  return `       ${head} ${count}  minutes ${formatMinutes(minutes)}`;
}

function sumLine({ cause, minutes, units }: CauseSum, color: boolean): string {
  const head = `${mark(toneOf(cause), color)} ${cause.padEnd(22)}`;
  const count = `${String(minutes).padStart(4)} min  ${formatPoints(units, DECIMALS).padStart(9)}`;
  return `       ${head} ${count}  ${WORDS[cause]}`;
}

function pointsOf(minutes: bigint, microScore: number, decimals?: number): string {
  return formatPoints(BigInt(countMinutes(minutes)) * minutePoints(microScore), decimals);
}

function toneOf(cause: Cause): Tone {
  if (cause === 'paid' || cause === 'counted') return 'ok';
  return cause === 'earned in warm-up' ? 'warn' : 'fail';
}
