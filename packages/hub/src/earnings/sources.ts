import type { NodeHour } from '#gates/index.ts';

/** What the pages of earnings ask of others. */

export interface HourSource {
  /** A node's hours as both sides support them; `until` exclusive. */
  span(nodeId: string, hours: { readonly from: number; readonly until: number }): Promise<NodeHour[]>;
  /** An hour that is not closed, as far as the hub alone saw it. */
  soFar(hubHour: number, nodeIds: readonly string[]): Promise<NodeHour[]>;
}

export interface ScoreSource {
  /** Whole 1e-6; nodes without a score are left out. */
  at(hubHour: number, nodeIds: readonly string[]): Promise<ReadonlyMap<string, { readonly micro: number }>>;
  over(
    nodeId: string,
    hours: { readonly from: number; readonly until: number },
  ): Promise<ReadonlyMap<number, { readonly micro: number }>>;
}

export interface ModeSource {
  head(): Promise<{
    /** `shadow`: what is counted has no value on chain, and every page says so. */
    readonly mode: 'shadow' | 'live';
    /** The first that counts; those before belong to what the last reset ended. */
    readonly firstHour: number;
    /** 0: there was no reset. */
    readonly resetSequence: number;
  }>;
}

export interface PayeeSource {
  /** Nodes without an account are left out. */
  at(
    hubHour: number,
    nodeIds: readonly string[],
  ): Promise<
    ReadonlyMap<
      string,
      { readonly ownerId: string; readonly tunnel?: { readonly permille1: number } | undefined }
    >
  >;
}

/** What a day minted to an account of a person's, or is minting. */
export interface OwnMint {
  /** 2026-11-26. */
  readonly day: string;
  readonly mode: 'shadow' | 'live';
  readonly account: string;
  /** Whole ones. */
  readonly points: number;
  readonly chain: number;
  /** Of the account in the register of its chain, for ever. */
  readonly slot: number;
  readonly batch: number;
  readonly state: 'on its way' | 'stopped' | 'final' | 'minted' | 'given back';
  /** Of what was sent last; undefined: nothing was. */
  readonly requestKey: string | undefined;
}

export interface MintSource {
  /** Of the last days, the newest first. */
  of(email: string): Promise<readonly OwnMint[]>;
}
