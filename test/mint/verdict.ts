import { accountIdOf } from '@stoa/hub/payouts';
import { BUCKET, owningChain } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { POINT } from '@stoa/protocol/stoicism';
import type { ChainState } from '../chainweb/pact/state.ts';
import type { Site } from './site.ts';

/** What a schedule came to. Everything is empty where it held. */
export interface Verdict {
  /** Accounts whose points are on no chain, or in no balance. */
  readonly lost: readonly string[];
  /** Accounts that got points twice, or points that nobody planned. */
  readonly doubled: readonly string[];
  /** Days that neither ended nor paged a person. */
  readonly stuck: readonly string[];
  /** Days that a person was paged for, and why. */
  readonly paged: readonly string[];
}

/** Looks at the winning fork and at the ledger: by what accounts earned and what approvers let through, not by what a hub says. */
export async function judge(site: Site): Promise<Verdict> {
  const states = statesOf(site);
  const epochs = await site.world.epochs.list(100);
  const held = await site.world.held();
  const settled = new Set(epochs.filter(({ state }) => state === 'settled').map(({ epoch }) => epoch));
  const accounts = site.accounts.map((account): Account => {
    const id = accountIdOf(account, nodeCrypto);
    return {
      account,
      applied: registerOf(site, states, account),
      planned: site.plannedFor(account),
      due: dueTo(site, account, settled),
      ended: settled.size === epochs.length,
      earned: site.earnedUnits(account) + (site.inflated.get(account) ?? 0n),
      ...(held.get(id) ?? { current: 0n, minting: 0n, redeemed: 0n }),
    };
  });
  const faults = await faultsOf(site);
  const pages = await pagesOf(site);
  const open = epochs.filter(({ state }) => state !== 'settled' && state !== 'cancelled');
  const words = open.map(({ epoch, state }) => `${epoch} is ${state}: ${[...pages, ...faults].join('; ')}`);
  return {
    lost: accounts.flatMap((each) => named(each, lossOf(each))),
    doubled: [
      ...accounts.flatMap((each) => named(each, doublingOf(each))),
      ...overspent(site, states),
      ...site.wire.contradictions,
    ],
    ...(pages.length > 0 ? { stuck: [], paged: words } : { stuck: words, paged: [] }),
  };
}

interface Account {
  readonly account: string;
  /** Whole points: in the register of the winning fork, of all plans, and of plans whose day is settled. */
  readonly applied: number;
  readonly planned: number;
  readonly due: number;
  /** All days are settled. */
  readonly ended: boolean;
  /** Units. */
  readonly earned: bigint;
  readonly current: bigint;
  readonly minting: bigint;
  readonly redeemed: bigint;
}

function lossOf({ applied, due, ended, earned, current, minting, redeemed }: Account): string | undefined {
  const onChain = BigInt(applied) * POINT;
  if (applied < due) return 'what is settled is not on chain';
  if (redeemed > onChain) return 'what is redeemed is not on chain';
  if (ended && redeemed !== onChain) return 'all is settled, and not all of it redeemed';
  return current + minting + redeemed < earned ? 'balances are less than what was earned' : undefined;
}

function doublingOf({ applied, planned, earned, current, minting, redeemed }: Account): string | undefined {
  if (applied > planned) return 'more is on chain than was planned';
  if (redeemed + minting < BigInt(applied) * POINT) return 'what is on chain may be minted again';
  return current + minting + redeemed > earned ? 'balances are more than what was earned' : undefined;
}

function named(account: Account, what: string | undefined): string[] {
  if (what === undefined) return [];
  const figures = Object.entries(account).map(([name, value]) => `${name} ${value}`);
  return [`${what}: ${figures.join(', ')}`];
}

function dueTo({ approved }: Site, account: string, settled: ReadonlySet<number>): number {
  const days = [...approved].filter(([epoch]) => settled.has(epoch));
  return days.reduce((sum, [, points]) => sum + (points.get(account) ?? 0), 0);
}

function statesOf({ chain: { network } }: Site): ChainState[] {
  return network.network.graph.map((_each, i) => network.ledger.stateOf(network.main.tip(i).header));
}

function registerOf({ module }: Site, states: readonly ChainState[], account: string): number {
  const { tables } = states[owningChain(account)]!;
  const slot = tables.get(`${module}_accounts`)?.get(account)?.['slot'];
  if (typeof slot !== 'number') return 0;
  const row = tables.get(`${module}_buckets`)?.get(String(Math.floor(slot / BUCKET)));
  return (row?.['points'] as readonly number[] | undefined)?.[slot % BUCKET] ?? 0;
}

/** What is for a person alone; all else goes on by itself once nothing is wrong any more. */
async function pagesOf({ world: { sql }, refusals }: Site): Promise<string[]> {
  const stopped = await sql<{ kind: string; chain: number; part: number; reason: string }[]>`
    select kind, chain, part, reason from mint_batches where state = 'stopped'`;
  return [
    ...refusals,
    ...stopped.map(
      ({ kind, chain, part, reason }) => `${kind} ${part} on chain ${chain} is stopped: ${reason}`,
    ),
  ];
}

async function faultsOf({ world: { sql } }: Site): Promise<string[]> {
  const faults = await sql<{ place: string; code: string; message: string }[]>`select * from mint_faults`;
  return faults.map(({ place, code, message }) => `${place} ${code} ${message}`);
}

/** What the mint paid for gas on the winning fork, where it is more than all acts together may take once. */
function overspent({ wire: { sent } }: Site, states: readonly ChainState[]): string[] {
  const planned = new Map<string, number>();
  for (const { nonce, price, gasLimit } of sent.values()) {
    const act = nonce.slice(0, nonce.lastIndexOf(':'));
    planned.set(act, Math.max(planned.get(act) ?? 0, price * gasLimit));
  }
  const most = [...planned.values()].reduce((sum, each) => sum + each, 0);
  const mined = states.flatMap(({ outcomes }) => [...outcomes.values()]);
  const spent = mined.reduce(
    (sum, { outcome: { reqKey, gas } }) => sum + gas * (sent.get(reqKey)?.price ?? 0),
    0,
  );
  return spent > most ? [`${spent} STOA were spent for gas, ${most} were planned`] : [];
}
