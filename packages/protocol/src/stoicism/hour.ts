import { toHex } from '../bytes.ts';
import type { Checkpoint } from '../evidence/checkpoint.ts';
import { MINUTES_MASK } from '../evidence/minutes.ts';
import { GATES } from '../evidence/receipt.ts';

/*
 * What an hour is worth, minute by minute: decision 7 as a pure function. Words are bits of the hour, minute 0 lowest; they
 * are merged by OR, so neither the order nor the repetition of what was written matters.
 */

/** What one session of a node left behind in one hub hour. */
export interface SessionWord {
  /** Names the session; the higher one is the later. */
  readonly epoch: number;
  /** As the node's checkpoint names it, hex; undefined where only acknowledgements were kept, or several are named. */
  readonly sessionId: string | undefined;
  /** Minutes in which a frame was acknowledged. */
  readonly acknowledged: bigint;
  /** Minutes for which the gates were evaluated. Never probed is not eligible. */
  readonly judged: bigint;
  /** Of the judged minutes those that failed, a word a gate in the order of `GATES`. */
  readonly failures: readonly bigint[];
}

/** Minutes of a hub gap that the rule grants to a node (`gapMinutes`). */
export interface GapWord {
  readonly minutes: bigint;
  /** It was in its warm-up then: they are earned, but wait with the rest of it. */
  readonly warming: boolean;
}

export interface HourEvidence {
  readonly words: readonly SessionWord[];
  /** The node's own word; without one no minute but those of gaps counts. */
  readonly checkpoint: Pick<Checkpoint, 'minutes' | 'sessionIds'> | undefined;
  readonly gaps: readonly GapWord[];
}

/** All words. `supported` = `paid` + `pending` + what failed another gate + `unjudged`. */
export interface Hour {
  readonly acknowledged: bigint;
  /** Acknowledged by a session that the node's checkpoint names, and in its minutes; or granted as a hub gap. */
  readonly supported: bigint;
  /** Of the supported ones those that are a hub's gap. */
  readonly gap: bigint;
  /** The word of one side alone: shown, never paid. */
  readonly unsupported: bigint;
  /** Supported, but no gate was evaluated: not paid. */
  readonly unjudged: bigint;
  /** Supported minutes that failed, in the order of `GATES`. */
  readonly failures: readonly bigint[];
  /** No gate failed. */
  readonly paid: bigint;
  /** Only the warm-up failed: earned, and waits for its end. */
  readonly pending: bigint;
}

/** A checkpoint names so many sessions at most: a full list says nothing of others. */
const SESSIONS_NAMED = 32;
const WARM_UP = GATES.indexOf('warm-up');

export function hourOf({ words, checkpoint, gaps }: HourEvidence): Hour {
  const told = (checkpoint?.minutes ?? 0n) & MINUTES_MASK;
  const known = words.filter((word) => names(checkpoint, word.sessionId));
  const acknowledged = anyOf(words.map((word) => word.acknowledged));
  const both = anyOf(known.map((word) => word.acknowledged)) & told;
  const { judged, failures } = verdicts(known);
  const gap = anyOf(gaps.map(({ minutes }) => minutes)) & ~(both & judged);
  const warming = anyOf(gaps.filter((one) => one.warming).map(({ minutes }) => minutes)) & gap;
  const supported = both | gap;
  const failed = failures.map((word, gate) => (word & both & ~gap) | (gate === WARM_UP ? warming : 0n));
  const unjudged = both & ~judged & ~gap;
  const barred = anyOf(failed.filter((_, gate) => gate !== WARM_UP)) | unjudged;
  return {
    acknowledged,
    supported,
    gap,
    unsupported: (acknowledged | told) & ~supported,
    unjudged,
    failures: failed,
    paid: supported & ~barred & ~failed[WARM_UP]!,
    pending: supported & ~barred & failed[WARM_UP]!,
  };
}

/** Most hours are one session's. */
function single({ judged, failures }: SessionWord): { judged: bigint; failures: bigint[] } {
  return { judged: judged & MINUTES_MASK, failures: GATES.map((_, gate) => (failures[gate] ?? 0n) & judged) };
}

/** Each minute as the latest session judged it: of two instances, the one that had the node last saw what holds. */
function verdicts(words: readonly SessionWord[]): { judged: bigint; failures: bigint[] } {
  if (words.length === 1) return single(words[0]!);
  let judged = 0n;
  const failures = GATES.map(() => 0n);
  for (const word of bySession(words)) {
    for (const [gate, failed] of word.failures.entries())
      failures[gate] = (failures[gate]! & ~word.judged) | (failed & word.judged);
    judged |= word.judged;
  }
  return { judged: judged & MINUTES_MASK, failures };
}

/**
 * One word a session, the earlier session first. A session has one epoch, the lowest that was written of it, and what any of
 * its words saw fail has failed: whoever copies a session's id under a later epoch overrules nothing.
 */
function bySession(words: readonly SessionWord[]): { judged: bigint; failures: bigint[] }[] {
  const merged = new Map<string | number, { epoch: number; judged: bigint; failures: bigint[] }>();
  for (const { epoch, sessionId = epoch, judged, failures } of words) {
    if (judged === 0n) continue;
    const held = merged.get(sessionId);
    if (held === undefined) {
      merged.set(sessionId, { epoch, judged, failures: GATES.map((_, gate) => failures[gate] ?? 0n) });
      continue;
    }
    held.epoch = Math.min(held.epoch, epoch);
    held.judged |= judged;
    held.failures = held.failures.map((word, gate) => word | (failures[gate] ?? 0n));
  }
  return [...merged.values()].sort((a, b) => a.epoch - b.epoch);
}

function names(checkpoint: HourEvidence['checkpoint'], sessionId: string | undefined): boolean {
  if (checkpoint === undefined || sessionId === undefined) return true;
  const { sessionIds } = checkpoint;
  return sessionIds.length >= SESSIONS_NAMED || sessionIds.some((id) => toHex(id) === sessionId);
}

function anyOf(words: readonly bigint[]): bigint {
  return words.reduce((all, word) => all | word, 0n) & MINUTES_MASK;
}
