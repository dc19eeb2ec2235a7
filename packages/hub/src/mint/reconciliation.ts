import { BUCKET } from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Batch, BatchStore } from './batch-store.ts';
import type { ChainView } from './chain-view.ts';
import type { CheckedPlans } from './checked-plans.ts';
import type { ContractGuard } from './contract-guard.ts';
import { presentContract } from './contract-name.ts';
import { hourOf } from './day.ts';
import type { EpochStore } from './epoch-store.ts';
import { MintFault } from './error.ts';
import { type Contract, call, epochStateOf, markCode, markOf, registersOf } from './register-reads.ts';

export interface ReconciliationDeps {
  readonly sql: Sql;
  readonly epochs: EpochStore;
  readonly batches: BatchStore;
  readonly plans: CheckedPlans;
  readonly view: ChainView;
  readonly contract: Contract;
  readonly contractGuard: ContractGuard;
}

export interface Difference {
  readonly chain: number;
  readonly message: string;
}

export interface Reconciled {
  readonly epoch: number;
  /** Network, namespace and module. */
  readonly contract: string | undefined;
  readonly state: string;
  /** Whole points: planned, in the chains' epochs, and moved to Redeemed. */
  readonly points: { readonly planned: number; readonly onChain: number; readonly redeemed: number };
  readonly batches: number;
  /** Registers that were held against the ledger. */
  readonly registers: number;
  readonly differences: readonly Difference[];
}

/** Registers of one read: a thousand accounts, within the gas of a read. */
const BUCKETS_A_READ = 20;
const SHOWN = 50;

/** Holds a day of the ledger against the chains, `FINAL_DEPTH` deep, as a quorum of nodes says it alike. */
export class Reconciliation {
  readonly #deps: ReconciliationDeps;

  constructor(deps: ReconciliationDeps) {
    this.#deps = deps;
  }

  /**
   * @param by.registers also each account's register against all that it ever redeemed.
   * @throws MintFault `other_contract`; where the day's plan is not as it was fixed, or too few nodes answer or agree
   */
  async run(epoch: number, by: { registers: boolean }): Promise<Reconciled> {
    const { epochs, batches, plans, view, contract, contractGuard } = this.#deps;
    const day = await epochs.get(epoch);
    contractGuard.requireDay(day);
    if (by.registers) await contractGuard.requirePresent();
    const plan = await plans.get(epoch);
    const differences: Difference[] = [];
    const all = await batches.ofEpoch(epoch);
    for (const batch of all) differences.push(...(await this.#batch(batch)));
    let onChain = 0;
    for (const { chain, cap, batches: planned } of plan.chains) {
      const code = call(contract, 'epoch-state', [epoch]);
      const found = await view.read(chain, code, epochStateOf);
      onChain += found.minted;
      const settled = all.filter((one) => one.chain === chain && one.kind === 'mint' && isThere(one));
      const expected = settled.reduce((sum, { part }) => sum + (planned[part]?.sum ?? 0), 0);
      if (found.minted < expected || found.minted > cap)
        differences.push({
          chain,
          message: `the chain minted ${found.minted} points, ${expected} to ${cap} are expected`,
        });
    }
    const redeemed = await this.#redeemed(epoch);
    const registers = by.registers ? await this.#registers(differences) : 0;
    const points = { planned: plan.points, onChain, redeemed };
    const told = { contract: day.contract, state: day.state, batches: all.length, registers };
    return { epoch, ...told, points, differences: differences.slice(0, SHOWN) };
  }

  /** What was settled before the next cut is made; a day of a former contract ended with it. @throws MintFault `chain_differs` */
  async requireSettled(epoch: number): Promise<void> {
    if (!this.#deps.contractGuard.isOf(await this.#deps.epochs.get(epoch))) return;
    for (const batch of await this.#deps.batches.ofEpoch(epoch)) {
      const [difference] = batch.state === 'settled' ? await this.#batch(batch) : [];
      if (difference !== undefined)
        throw new MintFault('chain_differs', `chain ${difference.chain}: ${difference.message}`);
    }
  }

  async #batch(batch: Batch): Promise<Difference[]> {
    const { chain, kind, part, state } = batch;
    const { view, contract } = this.#deps;
    const mark = await view.read(chain, markCode(contract, batch), (data) => markOf(batch, data));
    if (mark === 'other')
      return [{ chain, message: `${kind} ${part} is there with other content than ${batch.digest}` }];
    if (mark === 'none' && isThere(batch))
      return [{ chain, message: `${kind} ${part} is ${state} here, and not on the chain` }];
    return [];
  }

  /** Of the accounts of all slots: what their registers hold is what they redeemed, and what is final and on its way to it. */
  async #registers(differences: Difference[]): Promise<number> {
    const rows = await this.#deps.sql<{ id: string; chain: number; slot: number; units: string }[]>`
      select s.account_id as id, s.chain, s.slot, (coalesce(l.redeemed, 0) + coalesce(w.units, 0))::text as units
      from mint_slots s left join ledger_accounts l using (account_id)
        left join (select e.account_id, sum(e.amount) as units
          from mint_batches b join mint_plans p on p.epoch = b.epoch and p.chain = b.chain and p.batch = b.part
            join mint_slots t on t.contract = b.contract and t.chain = b.chain and t.slot >= p.from_bucket * ${BUCKET} and t.slot < p.to_bucket * ${BUCKET}
            join stoicism_events e on e.account_id = t.account_id and e.kind = 'reserved' and e.ref = b.epoch::text
          where b.contract = ${presentContract(this.#deps.sql)} and b.kind = 'mint' and b.state = 'final' group by 1) w using (account_id)
      where s.contract = ${presentContract(this.#deps.sql)} and s.state = 'final' order by s.chain, s.slot`;
    for (let from = 0; from < rows.length; ) {
      const { chain } = rows[from]!;
      const bucket = Math.floor(rows[from]!.slot / BUCKET);
      const code = call(this.#deps.contract, 'registers', [bucket, BUCKETS_A_READ]);
      const found = (await this.#deps.view.read(chain, code, registersOf)).flat();
      const until = (bucket + BUCKETS_A_READ) * BUCKET;
      for (; from < rows.length && rows[from]!.chain === chain && rows[from]!.slot < until; from += 1) {
        const { id, slot, units } = rows[from]!;
        const register = found[slot - bucket * BUCKET] ?? 0;
        if (BigInt(register) * POINT !== BigInt(units))
          differences.push({
            chain,
            message: `account ${id}, slot ${slot}: its register holds ${register} points, the ledger redeemed ${units} units`,
          });
      }
    }
    return rows.length;
  }

  async #redeemed(epoch: number): Promise<number> {
    const [row] = await this.#deps.sql<{ units: string }[]>`
      select coalesce(sum(amount), 0)::text as units from stoicism_events
      where hour = ${hourOf(epoch)} and ref = ${String(epoch)} and kind = 'settled'`;
    return Number(BigInt(row!.units) / POINT);
  }
}

function isThere({ state }: Batch): boolean {
  return state === 'final' || state === 'settled';
}
