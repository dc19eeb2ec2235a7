import { dayText } from '#mint/index.ts';
import { iso } from '../console/format.ts';
import { mintsOf, type Sweep, type Transaction, totalsOf } from './sweep.ts';
import type { ListedEpoch } from './sweep-store.ts';

/** What everybody may know of a transaction: what nodes were told of it anyway. No account, nobody, and no reason of ours. */
export interface PublishedTransaction {
  readonly kind: Transaction['kind'];
  readonly chain: number;
  /** Of a mint its batch, of an enrolment its first slot, else 0. */
  readonly part: number;
  readonly digest: string;
  readonly state: Transaction['state'];
  readonly gas: number | null;
  readonly gasLimit: number;
  readonly height: number | null;
  readonly block: string | null;
  /** Of a mint: buckets [from, to) and whole points. */
  readonly from?: number;
  readonly to?: number;
  readonly sum?: number;
  /** Of every attempt that was sent, the newest first. */
  readonly requestKeys: readonly string[];
  readonly bytes: number | null;
}

export interface PublishedChain {
  readonly chain: number;
  readonly slots: number;
  readonly cap: number;
  readonly bounds: readonly number[];
  /** Stands on chain since the day was opened there. */
  readonly digest: string;
  readonly batches: readonly PublishedTransaction[];
}

export interface PublishedSweep {
  readonly day: string;
  readonly epoch: number;
  /** Network, namespace and module. */
  readonly contract: string | null;
  readonly mode: 'live' | 'TEST';
  readonly state: Sweep['state'];
  readonly points: number;
  readonly accounts: number;
  readonly transactions: number;
  readonly gas: number;
  readonly planHash: string;
  readonly cutId: string;
  readonly cutAt: string;
  readonly endedAt: string | null;
  readonly chains: readonly PublishedChain[];
  /** Openings, closings and enrolments. */
  readonly beside: readonly PublishedTransaction[];
}

export function publishedSweep(sweep: Sweep): PublishedSweep {
  const { transactions, gas } = totalsOf(sweep.transactions);
  return {
    ...{ day: dayText(sweep.epoch), epoch: sweep.epoch, contract: sweep.contract ?? null },
    ...{ mode: modeOf(sweep), state: sweep.state },
    ...{ points: sweep.points, accounts: sweep.accounts, transactions, gas },
    ...{ planHash: sweep.planHash, cutId: sweep.cutId, cutAt: iso(sweep.cutAt) },
    endedAt: sweep.endedAt === undefined ? null : iso(sweep.endedAt),
    chains: sweep.chains.map((plan) => ({ ...plan, batches: mintsOf(sweep, plan.chain).map(published) })),
    beside: sweep.transactions.filter(({ kind }) => kind !== 'mint').map(published),
  };
}

/** A day in the list. */
export function publishedEpoch(epoch: ListedEpoch) {
  const { state, points, accounts, transactions, gas, cutAt, endedAt } = epoch;
  return {
    ...{
      day: dayText(epoch.epoch),
      epoch: epoch.epoch,
      contract: epoch.contract ?? null,
      mode: modeOf(epoch),
      state,
      points,
      accounts,
      transactions,
      gas,
    },
    ...{ planHash: epoch.planHash, cutAt: iso(cutAt), endedAt: endedAt === undefined ? null : iso(endedAt) },
  };
}

function modeOf({ mode }: Pick<Sweep, 'mode'>): 'live' | 'TEST' {
  return mode === 'live' ? 'live' : 'TEST';
}

function published(one: Transaction): PublishedTransaction {
  const { kind, chain, part, digest, state, gas, gasLimit, height, block, planned } = one;
  const sent = one.attempts.filter(({ sentAt }) => sentAt !== undefined).toReversed();
  return {
    ...{
      kind,
      chain,
      part,
      digest,
      state,
      gas: gas ?? null,
      gasLimit,
      height: height ?? null,
      block: block ?? null,
    },
    ...(planned !== undefined && { from: planned.from, to: planned.to, sum: planned.sum }),
    requestKeys: sent.map(({ requestKey }) => requestKey),
    bytes: sent[0]?.bytes ?? null,
  };
}
