import {
  chainDigest,
  deltasDigest,
  type EpochPlan,
  type PlannedBatch,
  type PlannedChain,
  planHash,
} from '@stoa/protocol/mint';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { presentContract } from './contract-name.ts';
import { dayText } from './day.ts';
import { MintFault } from './error.ts';
import type { EpochState } from './schema.ts';

export interface Epoch {
  readonly epoch: number;
  /** `contractName` of the one that it is minted on; undefined before any was named. */
  readonly contract: string | undefined;
  readonly state: EpochState;
  readonly planHash: string;
  readonly cutId: string;
  /** The ledger's end that was cut. */
  readonly cutSequence: number;
  readonly cutHash: Uint8Array;
  readonly mode: 'shadow' | 'live';
  /** Whole points. */
  readonly points: number;
  readonly accounts: number;
  /** Accounts with a whole point that are not in it. */
  readonly waiting: number;
  /** Milliseconds since 1970. */
  readonly cutAt: number;
  readonly endedAt: number | undefined;
}

/** A plan as it is kept: what openings take stands with them. */
export interface StoredPlan extends Omit<EpochPlan, 'chains'> {
  readonly chains: readonly StoredChain[];
}

export type StoredChain = Omit<PlannedChain, 'opening'>;

interface EpochRow {
  epoch: number;
  contract_name: string | null;
  state: EpochState;
  plan_hash: string;
  cut_id: string;
  cut_sequence: bigint;
  cut_hash: Uint8Array;
  mode: 'shadow' | 'live';
  points: bigint;
  accounts: number;
  waiting: number;
  cut_at: Date;
  ended_at: Date | null;
}

interface ChainRow {
  chain: number;
  slots: number;
  cap: bigint;
  bounds: number[];
  digest: string;
}

interface BatchRow {
  chain: number;
  batch: number;
  from_bucket: number;
  to_bucket: number;
  deltas: string;
  sum: bigint;
  digest: string;
  bytes: number;
  gas: number;
  gas_limit: number;
}

/** Days that were cut, and their plans as they were hashed. */
export class EpochStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find(epoch: number, sql: Sql | TransactionSql = this.#sql): Promise<Epoch | undefined> {
    const [row] = await sql<EpochRow[]>`select e.*, c.name as contract_name from mint_epochs e
      left join mint_contracts c on c.id = e.contract where epoch = ${epoch}`;
    return row && epochOfRow(row);
  }

  /** @throws MintFault `no_epoch` */
  async get(epoch: number): Promise<Epoch> {
    const found = await this.find(epoch);
    if (found === undefined) throw new MintFault('no_epoch', `${dayText(epoch)} has no plan: it was not cut`);
    return found;
  }

  /** The oldest first. */
  async open(): Promise<Epoch[]> {
    const rows = await this.#sql<EpochRow[]>`select e.*, c.name as contract_name from mint_epochs e
      left join mint_contracts c on c.id = e.contract where ended_at is null order by epoch`;
    return rows.map(epochOfRow);
  }

  /** The newest first. */
  async list(limit: number): Promise<Epoch[]> {
    const rows = await this.#sql<EpochRow[]>`select e.*, c.name as contract_name from mint_epochs e
      left join mint_contracts c on c.id = e.contract order by epoch desc limit ${limit}`;
    return rows.map(epochOfRow);
  }

  /** Under the ledger's lock, in one with what it reserves. @returns false where the day has a plan: there is one, ever. */
  async insert(
    tx: TransactionSql,
    one: Omit<Epoch, 'contract' | 'endedAt' | 'state'>,
    plan: EpochPlan,
  ): Promise<boolean> {
    const rows = await tx`insert into mint_epochs
      (epoch, contract, state, plan_hash, cut_id, cut_sequence, cut_hash, mode, points, accounts, waiting, cut_at)
      values (${one.epoch}, ${presentContract(tx)}, 'running', ${one.planHash}, ${one.cutId}, ${one.cutSequence}, ${Buffer.from(one.cutHash)},
        ${one.mode}, ${one.points}, ${one.accounts}, ${one.waiting}, ${new Date(one.cutAt)})
      on conflict do nothing returning 1`;
    if (rows.length === 0) return false;
    for (const chain of plan.chains) {
      await tx`insert into mint_chains (epoch, chain, slots, cap, bounds, digest)
        values (${one.epoch}, ${chain.chain}, ${chain.slots}, ${chain.cap}, ${[...chain.bounds]}::int[], ${chain.digest})`;
      for (const b of chain.batches)
        await tx`insert into mint_plans
          (epoch, chain, batch, from_bucket, to_bucket, deltas, sum, digest, bytes, gas, gas_limit)
          values (${one.epoch}, ${b.chain}, ${b.batch}, ${b.from}, ${b.to}, ${b.deltas}, ${b.sum}, ${b.digest},
            ${b.bytes}, ${b.gas}, ${b.gasLimit})`;
    }
    return true;
  }

  /** @returns false where it is in another state meanwhile. */
  async move(
    tx: TransactionSql,
    epoch: number,
    { from, to, now }: { from: EpochState; to: EpochState; now: number },
  ): Promise<boolean> {
    const ended = to === 'settled' || to === 'cancelled' ? new Date(now) : null;
    const { count } = await tx`update mint_epochs set state = ${to}, ended_at = ${ended}
      where epoch = ${epoch} and state = ${from}`;
    return count === 1;
  }

  /**
   * The stored plan, whose every digest is reckoned anew: whatever of it was edited, the hash is another.
   * @throws MintFault `no_epoch` | `plan_changed`
   */
  async plan(epoch: number): Promise<StoredPlan> {
    const { planHash: fixed, cutId, points } = await this.get(epoch);
    const chains = await this.#chains(epoch);
    const changed = (what: string) =>
      new MintFault(
        'plan_changed',
        `the stored plan of ${dayText(epoch)} is not the one that was fixed at its cut: ${what}. Nothing is sent of it`,
      );
    const outline = { epoch, cutId, points, chains };
    const hash = planHash(outline);
    if (hash !== fixed) throw changed(`its hash is ${hash}, ${fixed} was fixed`);
    for (const chain of chains) {
      if (chain.digest !== chainDigest(outline, chain))
        throw changed(`chain ${chain.chain} has another digest than its batches give`);
      for (const { batch, deltas, digest, from, to } of chain.batches)
        if (deltasDigest(deltas) !== digest || from !== chain.bounds[batch] || to !== chain.bounds[batch + 1])
          throw changed(
            `batch ${batch} of chain ${chain.chain} has other deltas or bounds than its digest says`,
          );
    }
    return { ...outline, hash };
  }

  async #chains(epoch: number): Promise<StoredChain[]> {
    const chains = await this.#sql<ChainRow[]>`
      select chain, slots, cap, bounds, digest from mint_chains where epoch = ${epoch} order by chain`;
    const batches = await this.#sql<BatchRow[]>`
      select chain, batch, from_bucket, to_bucket, deltas, sum, digest, bytes, gas, gas_limit
      from mint_plans where epoch = ${epoch} order by chain, batch`;
    return chains.map(({ chain, slots, cap, bounds, digest }) => ({
      ...{ chain, slots, cap: Number(cap), bounds, digest },
      batches: batches.filter((row) => row.chain === chain).map(batchOf),
    }));
  }
}

function batchOf(row: BatchRow): PlannedBatch {
  return {
    ...{ chain: row.chain, batch: row.batch, from: row.from_bucket, to: row.to_bucket, deltas: row.deltas },
    ...{ sum: Number(row.sum), digest: row.digest, bytes: row.bytes, gas: row.gas, gasLimit: row.gas_limit },
  };
}

function epochOfRow(row: EpochRow): Epoch {
  return {
    ...{ epoch: row.epoch, state: row.state, planHash: row.plan_hash, cutId: row.cut_id, mode: row.mode },
    contract: row.contract_name ?? undefined,
    ...{ cutSequence: Number(row.cut_sequence), cutHash: row.cut_hash, points: Number(row.points) },
    ...{ accounts: row.accounts, waiting: row.waiting, cutAt: row.cut_at.getTime() },
    endedAt: row.ended_at?.getTime(),
  };
}
