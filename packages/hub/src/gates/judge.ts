import { GATE_BIT, WARM_UP_MINUTES } from '@stoa/protocol/stoicism';
import { CHAINS, KIND, KNOWN, SLOT } from './gate-columns.ts';
import type { GateTable } from './gate-table.ts';

const MINUTE_MS = 60_000;
export interface Judgement {
  /** Nodes with a session that were judged, and of those the ones that no gate stopped. */
  judged: number;
  eligible: number;
}

/**
 * One tick over all nodes: sets the minute that the last one judged, where a frame came after it, and judges the one that
 * has just ended by the state as it stands. One pass over the columns; no object is made.
 *
 * A minute is set late and by frames alone: one in or before it, one after it, both of the same session. Tips are to be
 * judged before (`TipMarks.judge`).
 * @param minute since 1970: the last whole one. @param lateMs how old a report of tips may be at its end.
 */
export function judge(table: GateTable, minute: number, lateMs: number): Judgement {
  const { length } = table;
  const end = (minute + 1) * MINUTE_MS;
  let judged = 0;
  let eligible = 0;
  for (let i = 0; i < length; i += 1) {
    const { slot, awaiting, openedAt, known, reasons, kind } = table.columns;
    if (slot[i] === SLOT.free) continue;
    if (awaiting[i] !== 0) table.settle(i);
    if (slot[i] !== SLOT.live || (known[i]! & KNOWN.loaded) === 0 || openedAt[i]! >= end) continue;
    const failed = reasonsOf(table, i, end, lateMs);
    reasons[i] = failed;
    kind[i] = kindOf(known[i]!, failed);
    awaiting[i] = minute;
    judged += 1;
    if (failed === 0) eligible += 1;
  }
  return { judged, eligible };
}

/** Bits of the gates that fail at `end`. What is not known fails. */
function reasonsOf({ columns, marks }: GateTable, i: number, end: number, lateMs: number): number {
  const known = columns.known[i]!;
  const { tips } = columns;
  const { near } = marks;
  let chains = 0;
  for (let at = i * CHAINS; at < (i + 1) * CHAINS; at += 1) chains += near[tips[at]!]!;
  const isFresh = end - columns.beatAt[i]! <= lateMs;
  const serves = (known & KNOWN.chainwebUp) !== 0 && columns.servedUntil[i]! >= end;
  return (
    ((known & KNOWN.account) === 0 ? GATE_BIT.account : 0) |
    ((known & KNOWN.benchmark) === 0 ? GATE_BIT.benchmark : 0) |
    (chains === CHAINS && isFresh ? 0 : GATE_BIT.tip) |
    (columns.warm.minutes[i]! < WARM_UP_MINUTES ? GATE_BIT.warmUp : 0) |
    ((known & KNOWN.commitment) === 0 ? GATE_BIT.commitment : 0) |
    ((known & KNOWN.argv) === 0 ? GATE_BIT.argv : 0) |
    (serves ? 0 : GATE_BIT.serving)
  );
}

function kindOf(known: number, failed: number): number {
  if ((failed & GATE_BIT.tip) === 0) return (known & KNOWN.peers) === 0 ? KIND.still : KIND.good;
  return (known & (KNOWN.benchmarking | KNOWN.chainwebUp)) === KNOWN.benchmarking ? KIND.benchmark : KIND.off;
}
