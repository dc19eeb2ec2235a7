import { type MintAct, WIDEST_SETTING } from '@stoa/protocol/mint';
import { alike, reached } from './quorum.ts';

/**
 * A transaction of a sweep on its chain. Each state is written before its act, so whoever goes on after a kill repeats an act
 * that does nothing twice.
 *
 * planned: this attempt may be signed; nothing of it exists. signed: its bytes are stored, and only they are ever sent.
 * sent: nodes were told, or are about to be; told again until it is mined or dead, since a lost answer says nothing.
 * mined: in a block that may still go; the next transaction of the chain may be sent. final: the contract shows its content
 *   `FINAL_DEPTH` blocks deep. settled: `SETTLED_DEPTH` deep, and in the ledger (end).
 * absent: no attempt can be mined any more (end, where its epoch is cancelled; else the next attempt begins).
 * stopped: it is not for a program to say what comes next: a person is paged.
 *
 * A deep reorganisation takes mined and final back to sent, or to absent where the last attempt's time is over meanwhile: the
 * next attempt carries the same content, which the contract applies once.
 */
export const BATCH_STATES = [
  'planned',
  'signed',
  'sent',
  'mined',
  'final',
  'settled',
  'absent',
  'stopped',
] as const;
export type BatchState = (typeof BATCH_STATES)[number];

/** Blocks above it; an exchange of this network counts as many. */
export const FINAL_DEPTH = 6;
export const SETTLED_DEPTH = 120;
/** Before a person is asked; the signer counts too. */
export const MOST_ATTEMPTS = 5;
/** No command has room for a higher one. */
const LAST_ATTEMPT = WIDEST_SETTING.attempt;

/** What a node knows of a transaction by its request key. Badlisted: by that node's pool alone, which is no death. */
export type Outcome = 'absent' | 'badlisted' | 'applied' | 'failed';

/** What the contract shows of a batch: nothing, what was planned, or something else under its name. */
export type Mark = 'none' | 'ours' | 'other';

/** What a node says of a batch, read in this order: so nothing that was read first can come true of what was read later. */
export interface BatchView {
  /** Of the block `FINAL_DEPTH` below the tip, seconds since 1970. */
  readonly deepTime: number;
  readonly deepHeight: number;
  /** `FINAL_DEPTH` deep. */
  readonly mark: Mark;
  /** `SETTLED_DEPTH` deep. */
  readonly settledMark: Mark;
  /** Of all attempts together: applied before failed before badlisted before absent. */
  readonly tip: Outcome;
  /** The same, `FINAL_DEPTH` deep. */
  readonly deep: Outcome;
}

export interface Standing {
  readonly state: BatchState;
  /** From 0 on. */
  readonly attempt: number;
}

export type StopReason = 'failed' | 'other_content' | 'attempts_spent';

export interface Move extends Standing {
  /** Where it is stopped. */
  readonly reason?: StopReason;
}

/**
 * What the chain makes of a transaction.
 * @param by.expiresAt when its newest signed attempt ends, seconds since 1970: a block is valid with it while its parent is older.
 */
export function observed(before: Standing, view: BatchView, by: { expiresAt: number }): Move {
  const { state, attempt } = before;
  // Its points are in the ledger, and what a person looks at stays as it was found.
  if (state === 'settled' || state === 'stopped') return before;
  if (view.mark === 'other' || view.settledMark === 'other')
    return { state: 'stopped', attempt, reason: 'other_content' };
  if (view.settledMark === 'ours') return { state: 'settled', attempt };
  if (view.mark === 'ours') return { state: 'final', attempt };
  if (view.deep === 'failed') return { state: 'stopped', attempt, reason: 'failed' };
  if (view.tip === 'applied') return { state: 'mined', attempt };
  // Nothing is signed of the attempt that comes.
  if (state === 'planned' || state === 'absent') return before;
  if (isDead(view, by)) return { state: 'absent', attempt };
  return state === 'signed' ? before : { state: 'sent', attempt };
}

/** By the block's own time and not ours: nodes take it as long as the parent of the next block is older than its end. */
function isDead({ deepTime, tip, deep }: BatchView, { expiresAt }: { expiresAt: number }): boolean {
  return deepTime >= expiresAt && !isMined(tip) && !isMined(deep);
}

function isMined(outcome: Outcome): boolean {
  return outcome === 'applied' || outcome === 'failed';
}

/** After its death. Five attempts follow each other by themselves. */
export function retried({ attempt }: Standing): Move {
  return (attempt + 1) % MOST_ATTEMPTS > 0
    ? { state: 'planned', attempt: attempt + 1 }
    : { state: 'stopped', attempt, reason: 'attempts_spent' };
}

/**
 * What is stopped goes on, by the word of a person who looked at it: after a failure with the next attempt; where the chain shows
 * other content, with another look at it. Where attempts are spent each of them is dead or failed at a final depth, so the next
 * doubles nothing: an enrolment or a closing, without which its chain stands still for ever, gets five more; of a day what is
 * opened and minted does not, for the day can be given up. @returns undefined where there is no way on.
 */
export function resumed({
  kind,
  attempt,
  reason,
}: {
  kind: MintAct['kind'];
  attempt: number;
  reason: string;
}): Move | undefined {
  if (reason === 'other_content') return { state: 'sent', attempt };
  const next = attempt + 1;
  const isSpent = next % MOST_ATTEMPTS === 0;
  const isNeeded = kind === 'enrol' || kind === 'close';
  return (reason === 'failed' && !isSpent) || (isSpent && isNeeded && next <= LAST_ATTEMPT)
    ? { state: 'planned', attempt: next }
    : undefined;
}

/** Whether the chain has nothing of it that may still go: the next transaction may be sent. */
export function clearsChain({ state }: Standing): boolean {
  return state === 'mined' || state === 'final' || state === 'settled';
}

const RANK: readonly Outcome[] = ['absent', 'badlisted', 'failed', 'applied'];

/** Of several attempts, or none. */
export function together(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce((all, one) => (RANK.indexOf(one) > RANK.indexOf(all) ? one : all), 'absent');
}

/**
 * What several nodes say alike moves a batch; where they differ, the chain has not made up its mind or one of them lies, and it
 * stays as it is. Alike is all but how far their chains are. @returns undefined where fewer than `quorum` agree.
 */
export function agreed<View extends BatchView>(views: readonly View[], quorum: number): View | undefined {
  const same = alike(views, quorum, ({ deepTime, deepHeight, ...facts }) => JSON.stringify(facts));
  if (same === undefined) return undefined;
  const far = (by: 'deepTime' | 'deepHeight') => same.map((one) => one[by]);
  return {
    ...same[0]!,
    deepTime: reached(far('deepTime'), quorum),
    deepHeight: reached(far('deepHeight'), quorum),
  };
}
