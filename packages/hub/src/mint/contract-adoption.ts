import { MINT_CHAINS } from '@stoa/protocol/mint';
import type { LedgerBook } from '#ledger/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Lease } from '../leases/index.ts';
import type { ChainView } from './chain-view.ts';
import { contractName, presentContract } from './contract-name.ts';
import { dayText } from './day.ts';
import { MintFault } from './error.ts';
import { call, countOf } from './register-reads.ts';
import { contractOf, type MintTerms } from './signing.ts';

export interface ContractAdoptionDeps {
  readonly sql: Sql;
  readonly book: LedgerBook;
  readonly lease: Pick<Lease, 'depose'>;
  readonly view: Pick<ChainView, 'read'>;
  /** Of the contract that is to be. */
  readonly terms: MintTerms;
  readonly clock: Pick<Clock, 'now'>;
}

export interface Adopted {
  readonly from: string;
  readonly to: string;
}

/**
 * Another contract takes over: after a rehearsal, say, on another network. A balance is of one contract, so the ledger has to be
 * reset first; then nothing of the former one is looked at or sent any more, and slots begin anew. What was of it stays, to be read.
 */
export class ContractAdoption {
  readonly #deps: ContractAdoptionDeps;

  constructor(deps: ContractAdoptionDeps) {
    this.#deps = deps;
  }

  /**
   * @param record in one with it.
   * @returns undefined where it is the present one already.
   * @throws MintFault `contract_in_use`, `not_reset`, `other_slots`; as `ChainView.read` does
   */
  async run(record: (tx: TransactionSql, adopted: Adopted) => Promise<void>): Promise<Adopted | undefined> {
    const { book, lease, clock, terms } = this.#deps;
    const to = contractName(terms);
    const enrolled = await this.#enrolled();
    const now = clock.now();
    return await book.open(Math.floor(now / 3_600_000), async ({ tx, head }) => {
      // Whoever leads writes nothing more under its lease; what it wrote before is seen below.
      await lease.depose(tx);
      const [present] = await tx<{ id: number; name: string }[]>`
        select id, name from mint_contracts where until is null`;
      if (present?.name === to) return undefined;
      if (present === undefined)
        throw new MintFault(
          'contract_in_use',
          `no contract is named yet: the first hub that leads with ${to} names it`,
        );
      await requireNothingOpen(tx, present.name);
      await requireReset(tx, { from: present.name, to, resetSequence: head.resetSequence });
      await tx`update mint_contracts set until = ${new Date(now)} where until is null`;
      await tx`insert into mint_contracts (id, name, since)
        select max(id) + 1, ${to}, ${new Date(now)} from mint_contracts
        on conflict (name) do update set until = null`;
      await requireSameSlots(tx, to, enrolled);
      const adopted = { from: present.name, to };
      await record(tx, adopted);
      return adopted;
    });
  }

  /** By chain, how many slots the contract has. */
  async #enrolled(): Promise<readonly number[]> {
    const { view, terms } = this.#deps;
    const code = call(contractOf(terms), 'enrolled', []);
    const chains = Array.from({ length: MINT_CHAINS }, (_, chain) => chain);
    return await Promise.all(chains.map((chain) => view.read(chain, code, countOf)));
  }
}

/** @throws MintFault `contract_in_use` */
async function requireNothingOpen(tx: TransactionSql, from: string): Promise<void> {
  const [day] = await tx<{ epoch: number; state: string }[]>`
    select epoch, state from mint_epochs where ended_at is null order by epoch limit 1`;
  if (day !== undefined)
    throw new MintFault(
      'contract_in_use',
      `${dayText(day.epoch)} is ${day.state} on ${from}: wait until it is settled, or give it up and wait until it is cancelled`,
    );
  const [enrolment] = await tx<{ chain: number; part: number; state: string }[]>`
    select chain, part, state from mint_batches
    where contract = ${presentContract(tx)} and kind = 'enrol' and state in ('signed', 'sent', 'mined') order by seq limit 1`;
  if (enrolment !== undefined)
    throw new MintFault(
      'contract_in_use',
      `the enrolment of slots from ${enrolment.part} on chain ${enrolment.chain} is ${enrolment.state} on ${from}: let a hub that is set to that one end it`,
    );
}

/** @throws MintFault `not_reset` */
async function requireReset(
  tx: TransactionSql,
  { from, to, resetSequence }: Adopted & { resetSequence: number },
): Promise<void> {
  const [last] = await tx<{ epoch: number }[]>`select epoch from mint_epochs
    where contract = ${presentContract(tx)} and cut_sequence >= ${resetSequence} and points > 0
    order by epoch desc limit 1`;
  if (last === undefined) return;
  throw new MintFault(
    'not_reset',
    `the ledger was not reset since ${dayText(last.epoch)} was minted on ${from}: what it redeemed there is not on ${to}. Reset it (Admin > Ledger), then adopt`,
  );
}

/** @throws MintFault `other_slots` */
async function requireSameSlots(tx: TransactionSql, to: string, enrolled: readonly number[]): Promise<void> {
  const rows = await tx<
    { chain: number; slots: number }[]
  >`select chain, count(*)::int as slots from mint_slots
    where contract = ${presentContract(tx)} and state = 'final' group by chain`;
  const known = new Map(rows.map(({ chain, slots }) => [chain, slots]));
  for (const [chain, slots] of enrolled.entries())
    if (slots !== (known.get(chain) ?? 0))
      throw new MintFault(
        'other_slots',
        `${to} has ${slots} slots on chain ${chain}, this database knows ${known.get(chain) ?? 0} of them: slots of others would be taken for ours. Deploy a contract of its own`,
      );
}
