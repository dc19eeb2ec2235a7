import { LEDGER_KINDS, type LedgerKind } from '@stoa/protocol/stoicism';

/** What the ledger records: each event moves an amount between buckets, and says by its kind between which. */

/** Names a payout account in every region: 32 hex digits (`payouts/`). Empty: of no account. */
export type AccountId = string;

export const KINDS = LEDGER_KINDS;
export type Kind = LedgerKind;

/** A minute word, the score, and its version: by these anyone recomputes an hour's amount. */
export interface Basis {
  readonly minutes: bigint;
  readonly microScore: number;
  readonly scoreVersion: number;
}

export const NO_BASIS: Basis = { minutes: 0n, microScore: 0, scoreVersion: 0 };

/** What is still to be written: the ledger gives it its number, its time and its place in the chain. */
export interface EventDraft {
  readonly kind: Kind;
  /** Whole hours since 1970 that it is about. */
  readonly hour: number;
  /** Of the node's hour: 0, or which later word it answers. */
  readonly revision: number;
  /** Empty where no node earned it. */
  readonly nodeId: string;
  readonly accountId: AccountId;
  /** What it rests on besides: an adjustment's number, the node that took a seed, a day and a mining key, an epoch of the mint. */
  readonly ref: string;
  /** Units of 1e-12 points; of a revision the difference, so it may be negative. */
  readonly amount: bigint;
  /** Of a revision the whole that is in force, not what came to it. */
  readonly basis: Basis;
  /** Whom it was earned for; undefined: whoever proved last to hold the account. Stored as the e-mail, a local column (§16.5). */
  readonly ownerId: string | undefined;
}

export interface LedgerEvent extends EventDraft {
  /** 1, 2, 3 … in the order in which they were committed. */
  readonly sequence: number;
  /** Milliseconds since 1970; never before that of an earlier number. */
  readonly ranAt: number;
  /** 32 bytes (chain.ts). */
  readonly hash: Uint8Array;
}

/** Buckets of an account; `pending` is kept for each node, the rest of it for the account. */
export const BUCKETS = ['pending', 'current', 'minting', 'redeemed'] as const;
export type Bucket = (typeof BUCKETS)[number];

/** From where and to where a kind moves its amount; undefined: from outside of all buckets. */
export const MOVES: Readonly<
  Record<Exclude<Kind, 'reset'>, { readonly from: Bucket | undefined; readonly to: Bucket }>
> = {
  accrual: { from: undefined, to: 'current' },
  fee: { from: undefined, to: 'current' },
  pending: { from: undefined, to: 'pending' },
  'pending-fee': { from: undefined, to: 'pending' },
  matured: { from: 'pending', to: 'current' },
  donation: { from: undefined, to: 'current' },
  mining: { from: undefined, to: 'current' },
  adjustment: { from: undefined, to: 'current' },
  reserved: { from: 'current', to: 'minting' },
  settled: { from: 'minting', to: 'redeemed' },
  released: { from: 'minting', to: 'current' },
};

/** Kinds by which points come into being: their sum is that of all balances. */
export const SOURCES: readonly Kind[] = KINDS.filter(
  (kind) => kind !== 'reset' && MOVES[kind].from === undefined,
);

/** Kinds that are never taken back: of nothing or less there is no event, but of `matured` within a revision (`TakenBack`). */
export const POSITIVE: ReadonlySet<Kind> = new Set<Kind>([
  ...(['matured', 'reserved', 'settled', 'released', 'donation', 'mining'] as const),
]);
