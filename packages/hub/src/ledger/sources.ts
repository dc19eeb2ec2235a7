/** What the ledger asks of others, each a fact of an hour that is over: the same question gets the same answer for ever. */

import type { Hour } from '@stoa/protocol/stoicism';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { AccountId } from './event.ts';

/** A node's hour; of its minutes those are worth something that are `paid` or `pending`. */
export interface NodeHourWords extends Hour {
  readonly nodeId: string;
  /** Whole hours since 1970. */
  readonly hubHour: number;
  /** `hash` of the sealed checkpoint that supports it; undefined where none came. */
  readonly checkpoint: Uint8Array | undefined;
  /** `hash` of each signed record of a gap (`signedHubGap`) that granted minutes of it. */
  readonly gapRecords: readonly Uint8Array[];
}

export interface HourSource {
  /** Nodes that left anything behind in the hour, ascending by id from behind `after`, in pages. Later words show when asked again. */
  hours(hubHour: number, from?: { readonly after?: string }): AsyncIterable<readonly NodeHourWords[]>;
}

/** Ids from one to another, both with it. */
export interface NodeSpan {
  readonly first: string;
  readonly last: string;
}

export interface Score {
  /** A whole number of 1e-6. */
  readonly micro: number;
  readonly version: number;
  /** `hash` of its breakdown. */
  readonly hash?: Uint8Array;
}

export interface ScoreSource {
  /** Nodes without a score are absent. */
  within(hubHour: number, span: NodeSpan): Promise<ReadonlyMap<string, Score>>;
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
  within(hubHour: number, span: NodeSpan): Promise<ReadonlyMap<string, Payee>>;
}

/** The same of nodes here and there. */
export interface PayeeLookup {
  at(hubHour: number, nodeIds: readonly string[]): Promise<ReadonlyMap<string, Payee>>;
}

/** What became of a slice of nodes in a pass that still takes words. */
export interface SettledSlice {
  readonly hour: number;
  /** 0 for the one that closes the hour. Nobody else is at this pass, and it is not over. */
  readonly pass: number;
  /** What the points of it are worth, and since which reset they count. The same for all of a pass: a reset ends it. */
  readonly reckoning: { readonly mode: 'shadow' | 'live'; readonly resetSequence: number };
  readonly span: NodeSpan;
  /** Ascending by id. */
  readonly nodes: readonly NodeHourWords[];
  readonly scored: ReadonlyMap<string, Score>;
  readonly paid: ReadonlyMap<string, Payee>;
  /** Nodes of which what was written before stands, whatever their words say now. */
  readonly kept: ReadonlySet<string>;
}

/** Who writes down what was settled, in the transaction that settles it. */
export interface SettledSink {
  settled(tx: TransactionSql, slice: SettledSlice): Promise<void>;
}
