import type { ActKind, BatchState, EpochState } from '#mint/index.ts';

/** A transaction that was signed. Instants in milliseconds since 1970. */
export interface Attempt {
  readonly attempt: number;
  readonly requestKey: string;
  /** STOA a unit of gas. */
  readonly gasPrice: number;
  /** Of its `cmd`. */
  readonly bytes: number;
  readonly signedAt: number;
  readonly sentAt: number | undefined;
}

export interface Transaction {
  readonly kind: ActKind;
  readonly chain: number;
  /** Of a mint its batch, of an enrolment its first slot, else 0. */
  readonly part: number;
  /** Slots of an enrolment, buckets of a mint. */
  readonly size: number;
  readonly digest: string;
  /** Under which its newest attempt was signed, or is to be. */
  readonly gasLimit: number;
  /** An upper bound by the model, and what nodes said before it was signed. */
  readonly modelGas: number;
  readonly preflightGas: number | undefined;
  readonly state: BatchState;
  /** From 0 on. */
  readonly attempt: number;
  readonly reason: string;
  readonly since: number;
  readonly minedAt: number | undefined;
  readonly finalAt: number | undefined;
  readonly height: number | undefined;
  readonly block: string | undefined;
  /** What it took. */
  readonly gas: number | undefined;
  /** Of a mint, as it was planned. */
  readonly planned: PlannedPart | undefined;
  /** The first one first. */
  readonly attempts: readonly Attempt[];
}

export interface PlannedPart {
  /** Buckets [from, to). */
  readonly from: number;
  readonly to: number;
  /** Whole points. */
  readonly sum: number;
  readonly bytes: number;
  /** An upper bound. */
  readonly gas: number;
}

export interface ChainPlan {
  readonly chain: number;
  readonly slots: number;
  readonly cap: number;
  readonly bounds: readonly number[];
  readonly digest: string;
}

/** What `mint_epochs` has of a day. */
export interface Epoch {
  /** UTC day number. */
  readonly epoch: number;
  /** Network, namespace and module that it is minted on; undefined before any was named. */
  readonly contract: string | undefined;
  readonly state: EpochState;
  readonly mode: 'shadow' | 'live';
  readonly planHash: string;
  readonly cutId: string;
  readonly cutSequence: number;
  readonly points: number;
  readonly accounts: number;
  /** With a whole point, and not in it. */
  readonly waiting: number;
  readonly cutAt: number;
  readonly endedAt: number | undefined;
}

/** What keeps the mint from going on, as whoever leads says it. */
export interface Fault {
  /** `cut`, or `chain 3`. */
  readonly place: string;
  readonly code: string;
  readonly message: string;
  readonly since: number;
}

export interface Sweep extends Epoch {
  /** Of the mint as a whole, while this day is not over. */
  readonly faults: readonly Fault[];
  readonly chains: readonly ChainPlan[];
  /** Of all kinds; of enrolments those that were signed on this day, and with the newest day whatever of them is stopped. */
  readonly transactions: readonly Transaction[];
}

/** What a day's transactions come to. */
export interface Totals {
  readonly transactions: number;
  readonly gas: number;
  /** Reckoned for what is not mined yet. */
  readonly gasPlanned: number;
  readonly bytes: number;
  /** In STOA, of what was mined. */
  readonly fee: number;
  /** Attempts after the first of each. */
  readonly retries: number;
  readonly firstSentAt: number | undefined;
  /** When the last of all was mined; undefined while one is not. */
  readonly minedAt: number | undefined;
  readonly finalAt: number | undefined;
  readonly stopped: number;
}

/** Stations of a transaction on its way, in their order. */
export const STATIONS = ['planned', 'signed', 'sent', 'mined', 'final', 'settled'] as const;
export type Station = (typeof STATIONS)[number];

/**
 * How far it came; where it was stopped or died, what it had reached for good.
 * @returns index into `STATIONS`
 */
export function reached({ state, attempts, finalAt, minedAt }: Transaction): number {
  if (state !== 'stopped' && state !== 'absent') return STATIONS.indexOf(state);
  if (finalAt !== undefined) return STATIONS.indexOf('final');
  if (minedAt !== undefined) return STATIONS.indexOf('mined');
  const last = attempts.at(-1);
  if (last === undefined) return STATIONS.indexOf('planned');
  return STATIONS.indexOf(last.sentAt === undefined ? 'signed' : 'sent');
}

export function isEnded({ state }: Pick<Epoch, 'state'>): boolean {
  return state === 'settled' || state === 'cancelled';
}

export function mintsOf({ transactions }: Pick<Sweep, 'transactions'>, chain?: number): Transaction[] {
  return transactions.filter((one) => one.kind === 'mint' && (chain === undefined || one.chain === chain));
}

export function totalsOf(transactions: readonly Transaction[]): Totals {
  const attempts = transactions.map((one) => one.attempts);
  return {
    transactions: transactions.length,
    gas: sum(transactions.map(({ gas }) => gas ?? 0)),
    gasPlanned: sum(transactions.map(({ gas, planned, gasLimit }) => gas ?? planned?.gas ?? gasLimit)),
    bytes: sum(transactions.map(({ planned, attempts: all }) => all.at(-1)?.bytes ?? planned?.bytes ?? 0)),
    fee: sum(transactions.map(({ gas, attempts: all }) => (gas ?? 0) * (all.at(-1)?.gasPrice ?? 0))),
    retries: sum(transactions.map(({ attempt }) => attempt)),
    firstSentAt: least(attempts.flat().flatMap(({ sentAt }) => sentAt ?? [])),
    minedAt: lastOfAll(transactions.map(({ minedAt, finalAt }) => minedAt ?? finalAt)),
    finalAt: lastOfAll(transactions.map(({ finalAt }) => finalAt)),
    stopped: transactions.filter(({ state }) => state === 'stopped').length,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function least(instants: readonly number[]): number | undefined {
  return instants.length === 0 ? undefined : Math.min(...instants);
}

function lastOfAll(instants: readonly (number | undefined)[]): number | undefined {
  const known = instants.filter((at) => at !== undefined);
  return known.length === 0 || known.length < instants.length ? undefined : Math.max(...known);
}
