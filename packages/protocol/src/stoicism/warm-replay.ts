import { hasMinute } from './findings.ts';
import { hasPeers } from './gates.ts';
import type { MinuteLines } from './recorded-minutes.ts';
import {
  addOff,
  isWarm,
  type MinuteKind,
  stepWarmUp,
  WARM_UP_MINUTES,
  type WarmUps,
  warmUpColumns,
} from './warm-up.ts';

/** One node's warm-up. */
export interface WarmUpState {
  readonly minutes: number;
  readonly off: number;
  /** Minute since 1970; 0: none. */
  readonly creditedAt: number;
  readonly credited: number;
}

export const COLD: WarmUpState = { minutes: 0, off: 0, creditedAt: 0, credited: 0 };

/** A verdict may be some minutes behind what was counted, since minutes are set late. */
const SLACK = 3;

interface ReplayedHour {
  readonly hubHour: number;
  /** A gap of the hub counts neither way. */
  readonly gap: bigint;
  /** Minutes for which the gates were evaluated. */
  readonly judged: bigint;
  /** Those of them that failed gate 3: by the hub's word, since it knows the head. */
  readonly tip: bigint;
  readonly log: MinuteLines;
}

export interface ReplayedWarmUp {
  /** Minutes in which it was over. */
  readonly warm: bigint;
  /** Those of them in which no verdict can still be one from before. */
  readonly settled: bigint;
  /** Minutes in which it was not. */
  readonly cold: bigint;
  /** How the next hour begins; undefined where this one leaves a doubt. */
  readonly after: WarmUpState | undefined;
}

/** The warm-up through an hour, minute by minute, by the node's log. */
export function warmThrough(before: WarmUpState, hour: ReplayedHour): ReplayedWarmUp {
  const one = columnOf(before);
  let [warm, settled, cold, warmFor] = [0n, 0n, 0n, 0];
  for (let minute = 0; minute < 60; minute += 1) {
    const bit = 1n << BigInt(minute);
    warmFor = isWarm(one, 0) ? warmFor + 1 : 0;
    if (warmFor > 0) warm |= bit;
    if (warmFor > SLACK) settled |= bit;
    if (one.minutes[0]! < WARM_UP_MINUTES - SLACK) cold |= bit;
    const kind = kindOf(minute, hour);
    if (kind === 'doubtful') return { warm, settled, cold, after: undefined };
    if (kind === 'unseen') addOff(one, 0, 1);
    else if (kind !== 'gap') stepWarmUp(one, 0, kind, hour.hubHour * 60 + minute);
  }
  return { warm, settled, cold, after: stateOf(one) };
}

function kindOf(
  minute: number,
  { gap, judged, tip, log }: ReplayedHour,
): MinuteKind | 'gap' | 'unseen' | 'doubtful' {
  if (hasMinute(gap, minute)) return 'gap';
  if (!hasMinute(judged, minute)) return 'unseen';
  const line = log.get(minute)?.at(-1);
  if (!hasMinute(tip, minute)) return hasPeers(line?.peers ?? 0) ? 'good' : 'still';
  // A benchmark stops chainweb and is credited: gauges can't tell it from a node that is down.
  return line?.chainweb === 'up' ? 'off' : 'doubtful';
}

function columnOf(state: WarmUpState): WarmUps {
  const one = warmUpColumns(1);
  one.minutes[0] = state.minutes;
  one.off[0] = state.off;
  one.creditedAt[0] = state.creditedAt;
  one.credited[0] = state.credited;
  return one;
}

function stateOf(one: WarmUps): WarmUpState {
  return {
    minutes: one.minutes[0]!,
    off: one.off[0]!,
    creditedAt: one.creditedAt[0]!,
    credited: one.credited[0]!,
  };
}
