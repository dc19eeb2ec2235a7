import type { ChainOutline } from '@stoa/protocol/mint';
import { entryParser } from '#journal/entry-parser.ts';
import type { RegionShare } from '#mint/approval.ts';

/** One act of the minter's signer. Times are ms since 1970, keys hex; nothing here is secret. */
export type MintActEntry =
  | {
      readonly kind: 'mint-opened';
      readonly networkId: string;
      readonly contract: string;
      readonly publicKey: string;
      /** Which of the minter's keys it is, from 1. */
      readonly key: number;
      /** Last epoch of each chain that is not this journal's; empty for the first journal. */
      readonly floors: readonly number[];
    }
  | {
      readonly kind: 'planned';
      readonly epoch: number;
      readonly cutId: string;
      readonly hash: string;
      readonly points: number;
      readonly chains: readonly ChainOutline[];
      readonly regions: readonly RegionShare[];
      /** Who approved it. */
      readonly approvers: readonly string[];
      /** Of them, how many are people. */
      readonly people: number;
    }
  | {
      readonly kind: 'enrolments-approved';
      readonly day: number;
      readonly slots: number;
      readonly approvers: readonly string[];
    }
  | {
      readonly kind: 'command-signed';
      readonly subject: string;
      readonly content: string;
      readonly act: string;
      readonly epoch: number;
      readonly chain: number;
      readonly attempt: number;
      /** Points of a batch, slots of an enrolment. */
      readonly amount: number;
      readonly requestKey: string;
      /** ANU. */
      readonly gasPrice: number;
      readonly gasLimit: number;
      /** Seconds. */
      readonly creationTime: number;
      readonly ttl: number;
      readonly lease: number;
    }
  | { readonly kind: 'key-rotated'; readonly publicKey: string; readonly key: number }
  /** Somebody leads anew, and was given what was signed before. */
  | { readonly kind: 'lease-seen'; readonly lease: number }
  | { readonly kind: 'mint-killed'; readonly reason: string }
  | { readonly kind: 'mint-revived'; readonly reason: string }
  | { readonly kind: 'mint-clock-accepted'; readonly previous: number };

export type MintEntry = MintActEntry & { readonly at: number };
export type SignedEntry = MintEntry & { readonly kind: 'command-signed' };
export type PlannedEntry = MintEntry & { readonly kind: 'planned' };

/** @throws SignerError `journal_damaged` for what this version never wrote. */
export const parseMintEntry: (value: unknown) => MintEntry = entryParser<MintEntry>({
  'mint-opened': {
    ...{ networkId: 'string', contract: 'string', publicKey: 'string', key: 'number', floors: 'list' },
  },
  planned: {
    ...{ epoch: 'number', cutId: 'string', hash: 'string', points: 'number', chains: 'list' },
    ...{ regions: 'list', approvers: 'list', people: 'number' },
  },
  'enrolments-approved': { day: 'number', slots: 'number', approvers: 'list' },
  'command-signed': {
    ...{ subject: 'string', content: 'string', act: 'string', epoch: 'number', chain: 'number' },
    ...{ attempt: 'number', amount: 'number', requestKey: 'string', gasPrice: 'number', gasLimit: 'number' },
    ...{ creationTime: 'number', ttl: 'number', lease: 'number' },
  },
  'key-rotated': { publicKey: 'string', key: 'number' },
  'lease-seen': { lease: 'number' },
  'mint-killed': { reason: 'string' },
  'mint-revived': { reason: 'string' },
  'mint-clock-accepted': { previous: 'number' },
});
