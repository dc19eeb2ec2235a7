import { setImmediate as nextTurn } from 'node:timers/promises';
import { BUCKET, owningChain, parseDeltas } from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import type { Sql } from '#seams/db-adapter/index.ts';
import { dayText, hourOf } from './day.ts';
import type { EpochStore, StoredPlan } from './epoch-store.ts';
import { MintFault } from './error.ts';

/** Accounts that are looked at in one go: each takes a hash. */
const ACCOUNTS_A_TURN = 500;
/** Fetched at once: while these are looked at, the next are on their way. */
const ACCOUNTS_A_FETCH = 10_000;
const KEPT = 4;

/** Plans that are as they were fixed, and as the ledger reserved for them; each is checked once by a process. */
export class CheckedPlans {
  readonly #sql: Sql;
  readonly #epochs: EpochStore;
  readonly #checked = new Map<number, Promise<StoredPlan>>();

  constructor(by: { sql: Sql; epochs: EpochStore }) {
    this.#sql = by.sql;
    this.#epochs = by.epochs;
  }

  /** @throws MintFault `plan_changed` | `ledger_changed` | `account_moved` | `no_epoch` */
  get(epoch: number): Promise<StoredPlan> {
    const known = this.#checked.get(epoch);
    if (known !== undefined) return known;
    const checked = this.#load(epoch);
    this.#checked.set(epoch, checked);
    checked.catch(() => this.#checked.delete(epoch));
    for (const old of [...this.#checked.keys()].slice(0, -KEPT)) this.#checked.delete(old);
    return checked;
  }

  async #load(epoch: number): Promise<StoredPlan> {
    const plan = await this.#epochs.plan(epoch);
    await this.#check(plan);
    return plan;
  }

  /** Each reserved amount is that of its account's slot in the plan, and nothing else is in the plan. */
  async #check({ epoch, chains, points }: StoredPlan): Promise<void> {
    await this.#checkEnd(epoch);
    const planned = chains.map(pointsBySlot);
    let [sum, looked] = [0, 0];
    const look = async (rows: readonly Reserved[]): Promise<void> => {
      for (let from = 0; from < rows.length; from += ACCOUNTS_A_TURN) {
        for (const row of rows.slice(from, from + ACCOUNTS_A_TURN)) sum += requireShare(epoch, row, planned);
        await nextTurn();
      }
      looked += rows.length;
    };
    const reserved = this.#sql<Reserved[]>`
      select e.account_id as id, a.account, e.amount::text as amount, s.chain, s.slot from stoicism_events e
        left join payout_accounts a using (account_id)
        left join mint_slots s on s.account_id = e.account_id
          and s.contract = (select contract from mint_epochs where epoch = ${epoch})
      where e.hour = ${hourOf(epoch)} and e.ref = ${String(epoch)} and e.kind = 'reserved'`;
    let before = Promise.resolve();
    for await (const rows of reserved.cursor(ACCOUNTS_A_FETCH)) {
      await before;
      before = look(rows);
      // It is thrown where it is awaited.
      before.catch(() => undefined);
    }
    await before;
    if (sum !== points)
      throw new MintFault(
        'ledger_changed',
        `the plan of ${dayText(epoch)} mints ${points} points; the ledger reserved ${sum} of ${looked} accounts`,
      );
  }

  /** What was cut is still what stands before it: by the hash of the last event, which is over all before. */
  async #checkEnd(epoch: number): Promise<void> {
    const { cutSequence, cutHash } = await this.#epochs.get(epoch);
    if (cutSequence === 0) return;
    const [event] = await this.#sql<{ hash: Uint8Array }[]>`
      select hash from stoicism_events where sequence = ${cutSequence}`;
    if (event === undefined || !Buffer.from(event.hash).equals(cutHash))
      throw new MintFault(
        'ledger_changed',
        `event ${cutSequence}, the last before the cut of ${dayText(epoch)}, is not the one that was cut: stoa-hub ledger verify`,
      );
  }
}

interface Reserved {
  id: string;
  account: string | null;
  amount: string;
  chain: number | null;
  slot: number | null;
}

/** @returns its whole points. */
function requireShare(
  epoch: number,
  { id, account, amount, chain, slot }: Reserved,
  planned: readonly Float64Array[],
): number {
  if (account === null || chain === null || slot === null)
    throw new MintFault(
      'account_moved',
      `account ${id} of the cut of ${dayText(epoch)} has no slot any more`,
    );
  const owning = owningChain(account);
  if (owning !== chain)
    throw new MintFault(
      'account_moved',
      `account ${id} has a slot on chain ${chain}; its chain is ${owning}`,
    );
  const points = planned[chain]?.[slot] ?? 0;
  if (BigInt(points) * POINT !== BigInt(amount))
    throw new MintFault(
      'ledger_changed',
      `account ${id}, slot ${slot} of chain ${chain}: the plan of ${dayText(epoch)} mints ${points} points, the ledger reserved ${amount} units`,
    );
  return points;
}

function pointsBySlot({ batches }: StoredPlan['chains'][number]): Float64Array {
  const filled = batches.flatMap(({ from, deltas }) =>
    parseDeltas(deltas).map((bucket, i) => ({ at: (from + i) * BUCKET, bucket })),
  );
  const points = new Float64Array(filled.reduce((end, { at }) => Math.max(end, at + BUCKET), 0));
  for (const { at, bucket } of filled) points.set(bucket, at);
  return points;
}
