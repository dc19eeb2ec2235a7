/** What the ledger asks of others, each a fact of an hour that is over: the same question gets the same answer for ever. */

import type { AccountId } from './event.ts';

/** Of a node's hour the minutes that are worth something. */
export interface NodeHourWords {
  readonly nodeId: string;
  /** Whole hours since 1970. */
  readonly hubHour: number;
  /** No gate failed. */
  readonly paid: bigint;
  /** Only the warm-up failed. */
  readonly pending: bigint;
}

export interface HourSource {
  /** Nodes that left anything behind in the hour, ascending by id from behind `after`, in pages. Later words show when asked again. */
  hours(hubHour: number, from?: { readonly after?: string }): AsyncIterable<readonly NodeHourWords[]>;
}

export interface Score {
  /** A whole number of 1e-6. */
  readonly micro: number;
  readonly version: number;
}

export interface ScoreSource {
  /** Nodes without a score are absent. */
  at(hubHour: number, nodeIds: readonly string[]): Promise<ReadonlyMap<string, Score>>;
}

/** To whom a node's hour is due. */
export interface Payee {
  readonly accountId: AccountId;
  /** Names the owner of that hour (`payout_people`). */
  readonly ownerId: string;
  readonly tunnel?:
    | {
        readonly accountId: AccountId;
        readonly ownerId: string;
        /** Tenths of a per-mille of the hour. */
        readonly permille1: number;
      }
    | undefined;
}

export interface PayeeSource {
  /** Nodes without an account are absent. */
  at(hubHour: number, nodeIds: readonly string[]): Promise<ReadonlyMap<string, Payee>>;
}
