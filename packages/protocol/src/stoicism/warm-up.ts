/*
 * Gate 4, minute by minute: 24 hours at the tip with peers, counted in minutes. A state machine over columns, so that the hub
 * steps half a million nodes without making an object, and a node that recomputes it steps a column of one:
 *
 * - warming (minutes < 1,440): a `good` minute counts; a `benchmark` one as well, six at most in 24 hours; an `off` one does
 *   not, and more than sixty of them in a row start it anew; a `still` one (no peers) neither counts nor breaks.
 * - warm (minutes = 1,440): stays so, until more than sixty `off` minutes in a row start it anew.
 */

export const WARM_UP_MINUTES = 1_440;
export const OFF_TIP_MINUTES = 60;
export const BENCHMARK_MINUTES = 6;
const DAY_MINUTES = 1_440;

export interface WarmUps {
  /** Counted so far. */
  readonly minutes: Uint16Array;
  /** Off the tip in a row. */
  readonly off: Uint8Array;
  /** Minute since 1970 of the first benchmark minute credited; 0: none yet. */
  readonly creditedAt: Uint32Array;
  /** Benchmark minutes credited since then. */
  readonly credited: Uint8Array;
}

export type MinuteKind = 'good' | 'off' | 'still' | 'benchmark';

export function warmUpColumns(length: number): WarmUps {
  return {
    minutes: new Uint16Array(length),
    off: new Uint8Array(length),
    creditedAt: new Uint32Array(length),
    credited: new Uint8Array(length),
  };
}

/** One minute of the node at `i`. @param minute since 1970. */
export function stepWarmUp(all: WarmUps, i: number, kind: MinuteKind, minute: number): void {
  if (kind === 'off') {
    addOff(all, i, 1);
    return;
  }
  all.off[i] = 0;
  if (kind === 'still' || (kind === 'benchmark' && !credit(all, i, minute))) return;
  if (all.minutes[i]! < WARM_UP_MINUTES) all.minutes[i]! += 1;
}

/** Minutes in which nobody saw the node, other than by a fault of the hub. */
export function addOff(all: WarmUps, i: number, minutes: number): void {
  const off = all.off[i]! + minutes;
  all.off[i] = Math.min(off, OFF_TIP_MINUTES + 1);
  if (off > OFF_TIP_MINUTES) all.minutes[i] = 0;
}

export function isWarm(all: WarmUps, i: number): boolean {
  return all.minutes[i] === WARM_UP_MINUTES;
}

function credit(all: WarmUps, i: number, minute: number): boolean {
  if (minute - all.creditedAt[i]! >= DAY_MINUTES) {
    all.creditedAt[i] = minute;
    all.credited[i] = 0;
  }
  if (all.credited[i]! >= BENCHMARK_MINUTES) return false;
  all.credited[i]! += 1;
  return true;
}
