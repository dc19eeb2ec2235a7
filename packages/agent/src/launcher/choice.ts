/**
 * Which slot runs: pure, over what the installer decided (the order) and what this role has seen (the journal).
 *
 * A slot is **on trial** until it gave a proof of life. One that fails is passed over, and that becomes **final** only once
 * an older slot had a session in its stead, twice: what was mended between the two (a hub that was away, a setting, the power)
 * says nothing about either. Where the older one fails as well the cause lies elsewhere: nobody is judged, and the newer one
 * returns. One that has ever proven itself may be passed over and is never judged: it worked here, so what changed is not it.
 * So no order of failures leaves nothing to run, and none of them is for good without somebody who did better.
 */
import {
  FACTORY,
  type Journal,
  recordOf,
  type SlotRecord,
  withFailure,
  withRecord,
} from '#launcher/journal.ts';
import type { Failure, ProofOfLife } from '#launcher/launched.ts';

export interface Limits {
  /** Starts in a row without a proof of life, of a slot on trial and of one that has given it before. */
  readonly trialBoots: number;
  readonly provenBoots: number;
  /** How long a slot on trial may be silent, ms; doubled with each round in which nothing had a session. */
  readonly silentMs: number;
  /** After this a start is none that fails, ms. */
  readonly upMs: number;
}

/** F15: what never reaches its own proof is replaced within five minutes. */
export const LIMITS: Limits = { trialBoots: 3, provenBoots: 6, silentMs: 5 * 60_000, upMs: 60_000 };
const MOST_ROUNDS = 6;
const LOSSES = 2;

/** Slots in the order in which they are tried, and FACTORY at its end. */
export type Order = readonly string[];

export function choose(order: Order, journal: Journal): string {
  return order.find((id) => recordOf(journal, id).verdict === 'none') ?? FACTORY;
}

/** Where a start can't be counted, nothing is tried that is still on trial. */
export function chooseProven(order: Order, journal: Journal): string {
  const proven = order.find((id) => {
    const { verdict, proven: known } = recordOf(journal, id);
    return verdict === 'none' && known;
  });
  return proven ?? FACTORY;
}

/** Whether the slot runs only to show if a newer one is at fault: it takes no work, since it may end at any moment. */
export function compares(order: Order, journal: Journal, id: string): boolean {
  return preferredTo(order, id).some((other) => isDoubted(recordOf(journal, other)));
}

/** ms after which the slot counts as silent; undefined where there is nothing to try in its stead, or no doubt about it. */
export function silentAfterMs(
  order: Order,
  by: { journal: Journal; id: string; limits: Limits },
): number | undefined {
  const { journal, id, limits } = by;
  const silenced = preferredTo(order, id).map((other) => recordOf(journal, other));
  if (silenced.some((record) => record.verdict === 'silent' && isDoubted(record))) return limits.silentMs;
  const { proven, rounds } = recordOf(journal, id);
  const another = order.some((other) => other !== id && !recordOf(journal, other).final);
  if (proven || !another) return undefined;
  return limits.silentMs * 2 ** Math.min(rounds, MOST_ROUNDS);
}

/** What was selected since the last start is tried anew, whatever it did before: no verdict outlives whoever gives it another try. */
export function reconsidered(order: Order, by: { journal: Journal; selections: number }): Journal {
  const { journal, selections } = by;
  const [first = FACTORY] = order;
  if (journal.selections === selections) return journal;
  const seen = recordOf(journal, first);
  const known = seen.verdict === 'none' && seen.boots === 0 ? journal : withRecord(journal, first, AFRESH);
  const failures = known.failures.filter(({ slot }) => slot !== first);
  return { ...known, failures, running: known.running === first ? '' : known.running, selections };
}

/** A start that counts, before anything of the slot runs. Records of slots that are gone are forgotten. */
export function begun(order: Order, journal: Journal, id: string): Journal {
  const records = journal.records.filter((record) => order.includes(record.id));
  const kept = { ...journal, records, running: id };
  return withRecord(kept, id, { boots: recordOf(kept, id).boots + 1 });
}

/** It ended as it was asked to, or gave way: that start says nothing about it. */
export function ended(journal: Journal): Journal {
  const { running } = journal;
  if (running === '') return journal;
  const { boots } = recordOf(journal, running);
  return { ...withRecord(journal, running, { boots: Math.max(0, boots - 1) }), running: '' };
}

/** It is up for a while, whoever is heard. On trial that is no proof, or what always dies a little later would stay. */
export function stayedUp(journal: Journal, id: string): Journal {
  return recordOf(journal, id).proven ? withRecord(journal, id, { boots: 0 }) : journal;
}

/** The commit. With a session it judges what was passed over for this slot. */
export function proven(order: Order, by: { journal: Journal; id: string; proof: ProofOfLife }): Journal {
  const { id, proof } = by;
  let journal = withRecord(by.journal, id, {
    boots: 0,
    proven: true,
    ...(proof === 'session' && { losses: 0, rounds: 0 }),
  });
  if (journal.running === id) journal = { ...journal, running: '' };
  if (proof === 'session') for (const other of preferredTo(order, id)) journal = lost(journal, other);
  return journal;
}

/** A slot is passed over from now on; or, where what was passed over before it did no worse, returns to that. */
export function failed(order: Order, journal: Journal, failure: Failure): Journal {
  const { slot, reason } = failure;
  const told = withFailure({ ...journal, running: '' }, { ...failure, final: false });
  const open = order.filter((id) => id !== slot && isOpen(recordOf(told, id), reason));
  const rivals = reason === 'silent' ? open.filter((id) => preferredTo(order, slot).includes(id)) : [];
  // One older slot is asked in the first round, another one more in each round after it.
  if (rivals.length > recordOf(told, rivals[0] ?? slot).rounds)
    return [slot, ...rivals].reduce(returned, told);
  const passed = withRecord(told, slot, { verdict: reason, boots: 0 });
  const left = order.some((id) => recordOf(passed, id).verdict === 'none');
  return left ? passed : order.filter((id) => !recordOf(passed, id).final).reduce(returned, passed);
}

/** Whether the last start, if it was cut, was one too many. */
export function exhausted(journal: Journal, limits: Limits): boolean {
  if (journal.running === '') return false;
  const { boots, proven: known } = recordOf(journal, journal.running);
  return boots >= (known ? limits.provenBoots : limits.trialBoots);
}

const ANOTHER_TRY = { verdict: 'none', boots: 0 } as const;
const AFRESH = { ...ANOTHER_TRY, final: false, losses: 0, rounds: 0 } as const;

function returned(journal: Journal, id: string): Journal {
  const { rounds } = recordOf(journal, id);
  return withRecord(journal, id, { ...ANOTHER_TRY, losses: 0, rounds: Math.min(rounds + 1, MOST_ROUNDS) });
}

function lost(journal: Journal, id: string): Journal {
  const record = recordOf(journal, id);
  if (!isDoubted(record)) return journal;
  const losses = record.losses + 1;
  if (losses < LOSSES) return withRecord(journal, id, { ...ANOTHER_TRY, losses });
  return record.proven ? withRecord(journal, id, { losses }) : judged(journal, id);
}

function judged(journal: Journal, id: string): Journal {
  const newest = journal.failures.find(({ slot }) => slot === id);
  const failures = journal.failures.map((failure) =>
    failure === newest ? { ...failure, final: true } : failure,
  );
  return withRecord({ ...journal, failures }, id, { final: true, losses: LOSSES });
}

/** Passed over, and nobody has done better often enough yet. */
function isDoubted({ verdict, final, losses }: SlotRecord): boolean {
  return verdict !== 'none' && !final && losses < LOSSES;
}

function isOpen(record: SlotRecord, reason: SlotRecord['verdict']): boolean {
  return record.verdict === reason && !record.final;
}

function preferredTo(order: Order, id: string): Order {
  const at = order.indexOf(id);
  return at === -1 ? order : order.slice(0, at);
}
