import { epochOf } from '@stoa/protocol/mint';
import { SignerError } from '#error.ts';
import type { Fold } from '#journal/book.ts';
import { type MintEntry, type PlannedEntry, parseMintEntry, type SignedEntry } from '#mint/entry.ts';

/** What one UTC day has seen. */
export interface DayTotals {
  /** ANU that signed commands may burn. */
  readonly gas: number;
  /** Of batches, each counted at its first attempt. */
  readonly points: number;
  /** Of enrolments, likewise. */
  readonly slots: number;
  /** How often somebody new led. */
  readonly leads: number;
}

const NOTHING: DayTotals = { gas: 0, points: 0, slots: 0, leads: 0 };

/**
 * What the minter's signer knows: the fold of its journal.
 *
 * Invariants: time never goes back, nor does the lease but where a person lets a stopped signer go on; an epoch has one plan; attempts of one subject count up from 0 and share one
 * content; so one (epoch, chain, batch, attempt) has one request key for ever.
 */
export class MintState implements Fold<MintEntry> {
  networkId = '';
  contract = '';
  publicKey = '';
  /** Which of the minter's keys it is. */
  key = 0;
  /** Time of the last act. */
  at = 0;
  lease = 0;
  /** Why a person stopped it. */
  killed: string | undefined;
  floors: readonly number[] = [];
  readonly plans: Map<number, PlannedEntry> = new Map();
  /** By subject, the attempts in their order. */
  readonly signed: Map<string, SignedEntry[]> = new Map();
  readonly days: Map<number, DayTotals> = new Map();
  /** By UTC day: how many new slots people allowed. */
  readonly allowances: Map<number, number> = new Map();
  /** When the last command that was signed can no longer be mined, ms. */
  aliveUntil = 0;

  attemptsOf(subject: string): readonly SignedEntry[] {
    return this.signed.get(subject) ?? [];
  }

  day(day: number): DayTotals {
    return this.days.get(day) ?? NOTHING;
  }

  replay(entry: unknown): void {
    this.apply(parseMintEntry(entry));
  }

  apply(entry: MintEntry): void {
    this.#require(entry.at >= this.at, `time goes back to ${entry.at} from ${this.at}`);
    this.at = entry.at;
    switch (entry.kind) {
      case 'mint-opened':
        this.networkId = entry.networkId;
        this.contract = entry.contract;
        this.publicKey = entry.publicKey;
        this.key = entry.key;
        this.floors = entry.floors;
        return;
      case 'planned':
        this.#plan(entry);
        return;
      case 'enrolments-approved':
        this.allowances.set(entry.day, Math.max(entry.slots, this.allowances.get(entry.day) ?? 0));
        return;
      case 'command-signed':
        this.#sign(entry);
        return;
      case 'key-rotated':
        this.publicKey = entry.publicKey;
        this.key = entry.key;
        return;
      case 'lease-seen':
        this.#lead(entry);
        return;
      case 'mint-killed':
        this.killed = entry.reason;
        return;
      case 'mint-revived':
        this.killed = undefined;
        // Whoever it was stopped for may have led with the highest lease that there is.
        this.lease = 0;
        return;
      case 'mint-clock-accepted':
        return;
    }
  }

  #plan(entry: PlannedEntry): void {
    const known = this.plans.get(entry.epoch);
    this.#require(
      known === undefined || known.hash === entry.hash,
      `epoch ${entry.epoch} has two plans, ${known?.hash} and ${entry.hash}`,
    );
    this.plans.set(entry.epoch, entry);
  }

  #sign(entry: SignedEntry): void {
    const attempts = this.signed.get(entry.subject) ?? [];
    this.#require(
      entry.attempt === attempts.length,
      `attempt ${entry.attempt} of ${entry.subject} follows ${attempts.length} others`,
    );
    this.#require(
      attempts.every(({ content }) => content === entry.content),
      `${entry.subject} has two contents`,
    );
    this.#lead(entry);
    this.signed.set(entry.subject, [...attempts, entry]);
    this.aliveUntil = Math.max(this.aliveUntil, endOf(entry));
    const day = epochOf(entry.at);
    const { gas, points, slots, leads } = this.day(day);
    const first = entry.attempt === 0 ? entry.amount : 0;
    this.days.set(day, {
      gas: gas + entry.gasPrice * entry.gasLimit,
      points: points + (entry.act === 'mint' ? first : 0),
      slots: slots + (entry.act === 'enrol' ? first : 0),
      leads,
    });
  }

  #lead({ lease, at }: { readonly lease: number; readonly at: number }): void {
    this.#require(lease >= this.lease, `the lease goes back to ${lease} from ${this.lease}`);
    if (lease === this.lease) return;
    this.lease = lease;
    const day = epochOf(at);
    const totals = this.day(day);
    this.days.set(day, { ...totals, leads: totals.leads + 1 });
  }

  #require(holds: boolean, finding: string): void {
    if (!holds) throw new SignerError('journal_damaged', `the journal contradicts itself: ${finding}`);
  }
}

/** From when on no block can hold a command, ms. */
export function endOf({ creationTime, ttl }: Pick<SignedEntry, 'creationTime' | 'ttl'>): number {
  return (creationTime + ttl) * 1_000;
}

/** @throws SignerError `journal_damaged` where the journal is another signer's. */
export function requirePlace(state: MintState, place: { networkId: string; contract: string }): void {
  if (state.networkId !== place.networkId || state.contract !== place.contract)
    throw new SignerError(
      'journal_damaged',
      `the journal is of ${state.networkId} ${state.contract}, mint.json names ${place.networkId} ${place.contract}`,
    );
}
