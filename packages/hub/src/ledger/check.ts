import { CopyEncoder, copyIn, type Sql, type TransactionSql } from '#seams/db-adapter/index.ts';
import type { Balances } from './balances.ts';
import type { EventStore } from './event-store.ts';
import { type Fault, Replay } from './replay.ts';

export interface CheckReport {
  readonly events: number;
  readonly accounts: number;
  /** The balances that the events add up to are, byte for byte, those that are kept. */
  readonly identical: boolean;
  readonly faultCount: number;
  /** The first of them. */
  readonly faults: readonly Fault[];
}

const ROWS = 5_000;
const SHOWN = 50;

/** Holds balances against a replay of all events, as one moment saw both; beside a hub that runs. */
export class LedgerCheck {
  readonly #sql: Sql;
  readonly #events: Pick<EventStore, 'all'>;

  constructor(by: { sql: Sql; events: Pick<EventStore, 'all'> }) {
    this.#sql = by.sql;
    this.#events = by.events;
  }

  /** @param by.chain also whether each event is what was written. */
  async run(by: { chain: boolean }): Promise<CheckReport> {
    return (await this.#sql.begin('isolation level repeatable read', async (tx) => {
      const replay = new Replay(by);
      for await (const events of this.#events.all(tx)) replay.take(events);
      replay.finish();
      if (by.chain) await checkEnd(tx, replay);
      const differing = await compare(tx, replay.balances);
      for (const fault of differing) replay.fault(fault);
      return {
        events: replay.events,
        accounts: replay.balances.accounts.size,
        identical: differing.length === 0,
        faultCount: replay.faultCount,
        faults: replay.faults,
      };
    })) as CheckReport;
  }
}

/** Events cut off at the end leave a chain that is whole: the head knows of them. */
async function checkEnd(tx: TransactionSql, replay: Replay): Promise<void> {
  const [head] = await tx<{ sequence: bigint; hash: Uint8Array }[]>`select sequence, hash from ledger_head`;
  const { sequence, hash } = replay.end;
  const known = Number(head?.sequence ?? 0n);
  if (known !== sequence || (head !== undefined && !Buffer.from(head.hash).equals(hash)))
    replay.fault({
      code: 'end_differs',
      message: `the last event is ${sequence}; the ledger ended with event ${known}${known === sequence ? ' of another hash' : ''}`,
    });
}

/** Puts the replay into empty tables of the same kind, and names the rows that differ. */
async function compare(tx: TransactionSql, balances: Balances): Promise<Fault[]> {
  for (const table of ['accounts', 'pending'])
    await tx.unsafe(`create temporary table replayed_${table} (like ledger_${table}) on commit drop`);
  await copyIn(tx, 'copy replayed_accounts from stdin with (format binary)', accountRows(balances));
  await copyIn(tx, 'copy replayed_pending from stdin with (format binary)', pendingRows(balances));
  const accounts = await tx<{ account_id: string; kept: string; replayed: string }[]>`
    select account_id, concat_ws('/', a.current, a.minting, a.redeemed) as kept,
      concat_ws('/', r.current, r.minting, r.redeemed) as replayed
    from ledger_accounts a full join replayed_accounts r using (account_id)
    where (a.current::text, a.minting::text, a.redeemed::text) is distinct from (r.current::text, r.minting::text, r.redeemed::text)
    order by account_id limit ${SHOWN}`;
  const pending = await tx<{ node_id: string; account_id: string; kept: string; replayed: string }[]>`
    select node_id, account_id, coalesce(p.amount, 0) as kept, coalesce(r.amount, 0) as replayed
    from ledger_pending p full join replayed_pending r using (node_id, account_id)
    where p.amount::text is distinct from r.amount::text order by node_id, account_id limit ${SHOWN}`;
  return [
    ...accounts.map(({ account_id: id, kept, replayed }) => ({
      code: 'balance_differs' as const,
      message: `account ${id} has ${kept || 'no row'} units (Current/Minting/Redeemed); its events add up to ${replayed || 'no row'}`,
    })),
    ...pending.map(({ node_id: node, account_id: id, kept, replayed }) => ({
      code: 'pending_differs' as const,
      message: `of node ${node}, account ${id}, ${kept} units are pending; the events add up to ${replayed}`,
    })),
  ];
}

async function* accountRows({ accounts }: Balances): AsyncGenerator<Buffer> {
  const encoder = new CopyEncoder(4);
  let rows = 0;
  for (const [id, { current, minting, redeemed }] of accounts) {
    encoder.row().text(id).numeric(current).numeric(minting).numeric(redeemed);
    if (++rows % ROWS === 0) yield encoder.take();
  }
  yield encoder.end();
}

/** None of it is no row. */
async function* pendingRows({ pending }: Balances): AsyncGenerator<Buffer> {
  const encoder = new CopyEncoder(3);
  for (const [nodeId, accounts] of pending)
    for (const [id, amount] of accounts)
      if (amount !== 0n) encoder.row().text(nodeId).text(id).numeric(amount);
  yield encoder.end();
}
