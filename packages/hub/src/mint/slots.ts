import { MINT_CHAINS, owningChain, type PlannedEnrolment, planEnrolments } from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { presentContract } from './contract-name.ts';

/** Accounts of one run: each takes a hash, and the rest comes a tick later. */
const ALLOTTED_AT_ONCE = 20_000;
/** No transaction holds more names. */
const ENROLLED_AT_ONCE = 4_000;
/** Slots beside each other. */
export interface SlotRange {
  readonly contract: number;
  readonly chain: number;
  readonly first: number;
  readonly size: number;
}

/**
 * Places of accounts in the registers of the present contract: given at the first whole point that is anybody's proven own, and
 * never taken back. Another contract has its own, from 0 on.
 */
export class SlotStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Gives a slot to whoever has a whole point and proved to hold the account. @returns how many were given. */
  async allot(now: number): Promise<number> {
    return await this.#sql.begin(async (tx) => {
      // Two that count at once would both find the same end.
      await tx`lock table mint_slots in share row exclusive mode`;
      const hour = Math.floor(now / 3_600_000);
      const accounts = await tx<{ id: string; account: string }[]>`
        select account_id as id, a.account from ledger_accounts l join payout_accounts a using (account_id)
        where l.current >= ${String(POINT)}::numeric
          and not exists (select from mint_slots s where s.contract = ${presentContract(tx)} and s.account_id = l.account_id)
          and exists (select from payout_proofs v where v.account_id = l.account_id and v.from_hour <= ${hour})
        order by account_id limit ${ALLOTTED_AT_ONCE}`;
      if (accounts.length === 0) return 0;
      const next = await this.#ends(tx);
      const given = accounts.map(({ id, account }) => {
        const chain = owningChain(account);
        const slot = next[chain]!;
        next[chain] = slot + 1;
        return { id, chain, slot };
      });
      const [ids, chains, slots] = (['id', 'chain', 'slot'] as const).map((of) =>
        given.map((one) => one[of]),
      );
      await tx`insert into mint_slots (contract, account_id, chain, slot, state, allotted_at)
        select ${presentContract(tx)}, *, 'allotted', ${new Date(now)}
        from unnest(${ids as string[]}::text[], ${chains as number[]}::int[], ${slots as number[]}::int[])`;
      return given.length;
    });
  }

  /** What is allotted and in no enrolment yet, as far as one transaction takes it. @returns undefined where there is nothing. */
  async unenrolled(tx: TransactionSql, chain: number): Promise<PlannedEnrolment | undefined> {
    const rows = await tx<{ slot: number; account: string }[]>`
      select slot, a.account from mint_slots s join payout_accounts a using (account_id)
      where s.contract = ${presentContract(tx)} and s.chain = ${chain}
        and slot >= coalesce((select max(part + size) from mint_batches
          where contract = ${presentContract(tx)} and kind = 'enrol' and epoch = 0 and chain = ${chain}), 0)
      order by slot limit ${ENROLLED_AT_ONCE}`;
    const [head] = rows;
    if (head === undefined) return undefined;
    const [first] = planEnrolments(
      { chain, first: head.slot },
      rows.map(({ account }) => account),
    );
    return first;
  }

  /** Names of slots in their order: what was enrolled, or is to be. */
  async names({ contract, chain, first, size }: SlotRange): Promise<string[]> {
    const rows = await this.#sql<{ account: string }[]>`
      select a.account from mint_slots s join payout_accounts a using (account_id)
      where s.contract = ${contract} and s.chain = ${chain} and slot >= ${first} and slot < ${first + size} order by slot`;
    return rows.map(({ account }) => account);
  }

  /** As the enrolment of these slots stands on the chain. */
  async mark(
    tx: TransactionSql,
    { contract, chain, first, size }: SlotRange,
    state: 'allotted' | 'enrolled' | 'final',
  ): Promise<void> {
    await tx`update mint_slots set state = ${state}
      where contract = ${contract} and chain = ${chain} and slot >= ${first} and slot < ${first + size}
        and state <> ${state}`;
  }

  async #ends(tx: TransactionSql): Promise<number[]> {
    const rows = await tx<{ chain: number; next: number }[]>`
      select chain, max(slot) + 1 as next from mint_slots where contract = ${presentContract(tx)} group by chain`;
    const ends = new Map(rows.map(({ chain, next }) => [chain, next]));
    return Array.from({ length: MINT_CHAINS }, (_, chain) => ends.get(chain) ?? 0);
  }
}
