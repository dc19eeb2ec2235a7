import { BUCKET, bucketsOf, chainDigest, MintError, parseDeltas, planHash } from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import { hourOf } from '#mint/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { HttpError } from '../http-error.ts';
import type { Sweep } from './sweep.ts';
import { mintsOf } from './sweep.ts';

/** One chain, from four sides, in whole points. */
export interface ChainDiff {
  readonly chain: number;
  readonly slots: number;
  /** What its opening allows. */
  readonly planned: number;
  readonly batches: number;
  /** Current to Minting by the cut, and what of it was taken back since. */
  readonly reserved: number;
  readonly released: number;
  /** In batches that the contract shows as ours. */
  readonly onChain: number;
  /** Minting to Redeemed. */
  readonly redeemed: number;
  /** What of it does not agree; empty: nothing. */
  readonly faults: readonly string[];
}

export interface Diff {
  readonly chains: readonly ChainDiff[];
  /** With a reservation of this day. */
  readonly accounts: number;
  /** Of the day as a whole. */
  readonly faults: readonly string[];
}

/** A slot whose batch adds something else than was reserved of its account. */
export interface SlotDiff {
  readonly slot: number;
  /** Undefined: the slot is nobody's. */
  readonly account: string | undefined;
  readonly planned: number;
  readonly reserved: number;
}

interface Booked {
  chain: number;
  reserved: number;
  released: number;
  settled: number;
  accounts: number;
}

/** Holds a stored plan against its hash, against the ledger and against what the chains show. */
export class DiffStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async read(sweep: Sweep): Promise<Diff> {
    const [booked, altered] = await Promise.all([this.#booked(sweep.epoch), this.#altered(sweep.epoch)]);
    const at = new Map(booked.map((one) => [one.chain, one]));
    const chains = sweep.chains.map((plan) =>
      chainDiff(sweep, plan.chain, { booked: at.get(plan.chain), altered }),
    );
    const accounts = booked.reduce((sum, one) => sum + one.accounts, 0);
    return { chains, accounts, faults: dayFaults(sweep, chains, accounts) };
  }

  /** Slots of a chain that differ, at most `limit`. @throws {HttpError} `bad_act` where the deltas are none. */
  async slots(sweep: Sweep, chain: number, limit: number): Promise<SlotDiff[]> {
    const [plans, booked] = await Promise.all([
      this.#sql<{ from_bucket: number; deltas: string }[]>`
        select from_bucket, deltas from mint_plans where epoch = ${sweep.epoch} and chain = ${chain} order by batch`,
      this.#sql<{ slot: number; account: string; points: number }[]>`
        select s.slot, a.account, (coalesce(r.amount, 0) / ${String(POINT)}::numeric)::float8 as points
        from mint_slots s join payout_accounts a using (account_id)
          left join stoicism_events r on r.hour = ${hourOf(sweep.epoch)} and r.node_id = '' and r.kind = 'reserved'
            and r.account_id = s.account_id and r.revision = 0 and r.ref = ${String(sweep.epoch)}
        where s.contract = (select contract from mint_epochs where epoch = ${sweep.epoch}) and s.chain = ${chain}
        order by s.slot`,
    ]);
    const planned = pointsOf(plans);
    const differing: SlotDiff[] = [];
    for (const { slot, account, points } of booked) {
      const plan = planned.get(slot) ?? 0;
      planned.delete(slot);
      if (plan !== points) differing.push({ slot, account, planned: plan, reserved: points });
    }
    for (const [slot, points] of planned)
      differing.push({ slot, account: undefined, planned: points, reserved: 0 });
    return differing.slice(0, limit);
  }

  /** What the ledger wrote of the epoch, by the chain of each account's slot. */
  async #booked(epoch: number): Promise<Booked[]> {
    const points = (kind: string) =>
      this
        .#sql`(coalesce(sum(v.amount) filter (where v.kind = ${kind}), 0) / ${String(POINT)}::numeric)::float8`;
    const rows = await this.#sql<Booked[]>`
      select coalesce(s.chain, -1) as chain, ${points('reserved')} as reserved, ${points('released')} as released,
        ${points('settled')} as settled, count(*) filter (where v.kind = 'reserved')::int as accounts
      from stoicism_events v left join mint_slots s on s.account_id = v.account_id
        and s.contract = (select contract from mint_epochs where epoch = ${epoch})
      where v.ref = ${String(epoch)} and v.kind in ('reserved', 'released', 'settled') and ${this.#hour(epoch)}
      group by 1`;
    return [...rows];
  }

  /** Batches whose literal is not what its digest says. */
  async #altered(epoch: number): Promise<ReadonlySet<string>> {
    const rows = await this.#sql<{ chain: number; batch: number }[]>`
      select chain, batch from mint_plans where epoch = ${epoch}
        and digest <> rtrim(translate(encode(sha256(convert_to(deltas, 'UTF8')), 'base64'), '+/', '-_'), '=')`;
    return new Set(rows.map(({ chain, batch }) => `${chain} ${batch}`));
  }

  #hour(epoch: number) {
    return this.#sql`hour = ${hourOf(epoch)}`;
  }
}

/** By slot. */
function pointsOf(plans: readonly { from_bucket: number; deltas: string }[]): Map<number, number> {
  const points = new Map<number, number>();
  try {
    for (const { from_bucket, deltas } of plans)
      for (const [i, bucket] of parseDeltas(deltas).entries())
        for (const [j, value] of bucket.entries())
          if (value > 0) points.set((from_bucket + i) * BUCKET + j, value);
  } catch (fault) {
    if (!(fault instanceof MintError)) throw fault;
    throw new HttpError(409, fault.code, `The stored plan can not be read: ${fault.message}`, {
      ...{ fix: 'Somebody edited it: nothing of it is sent. Restore the row from a backup.', cause: fault },
    });
  }
  return points;
}

function chainDiff(
  sweep: Sweep,
  chain: number,
  { booked, altered }: { booked: Booked | undefined; altered: ReadonlySet<string> },
): ChainDiff {
  const plan = sweep.chains.find((one) => one.chain === chain)!;
  const mints = mintsOf(sweep, chain);
  const planned = mints.map((one) => ({ digest: one.digest, sum: one.planned?.sum ?? 0, state: one.state }));
  const batches = planned.reduce((sum, one) => sum + one.sum, 0);
  const { reserved = 0, released = 0, settled = 0 } = booked ?? {};
  const onChain = planned
    .filter(({ state }) => state === 'final' || state === 'settled')
    .reduce((sum, one) => sum + one.sum, 0);
  const outline = { ...plan, batches: planned };
  const faults = [
    ...(chainDigest(sweep, outline) === plan.digest ? [] : ['its digest is not that of what is stored']),
    ...mints
      .filter(({ part }) => altered.has(`${chain} ${part}`))
      .map(({ part }) => `the deltas of batch ${part} are not those of its digest`),
    ...(batches === plan.cap ? [] : [`its batches add ${batches}, its opening allows ${plan.cap}`]),
    ...(reserved === plan.cap ? [] : [`the ledger reserved ${reserved}, the plan mints ${plan.cap}`]),
    ...((plan.bounds.at(-1) ?? 0) <= bucketsOf(plan.slots)
      ? []
      : ['it credits more than the enrolled slots']),
    ...(settled <= onChain ? [] : [`the ledger redeemed ${settled}, the chain shows ${onChain}`]),
  ];
  return {
    chain,
    slots: plan.slots,
    planned: plan.cap,
    batches,
    reserved,
    released,
    onChain,
    redeemed: settled,
    faults,
  };
}

function dayFaults(sweep: Sweep, chains: readonly ChainDiff[], accounts: number): string[] {
  const outline = {
    ...{ epoch: sweep.epoch, cutId: sweep.cutId, points: sweep.points },
    chains: sweep.chains.map((plan) => ({
      ...plan,
      batches: mintsOf(sweep, plan.chain).map(({ digest, planned }) => ({ digest, sum: planned?.sum ?? 0 })),
    })),
  };
  const planned = chains.reduce((sum, one) => sum + one.planned, 0);
  return [
    ...(planHash(outline) === sweep.planHash
      ? []
      : ['the plan that is stored is not the one whose hash was approved']),
    ...(planned === sweep.points ? [] : [`its chains come to ${planned}, the day to ${sweep.points}`]),
    ...(accounts === sweep.accounts
      ? []
      : [`the ledger reserved of ${accounts} accounts, the plan mints to ${sweep.accounts}`]),
  ];
}
