import {
  ACCOUNT_CAP,
  type EpochPlan,
  MINT_CHAINS,
  MINT_LIMITS,
  type MintLimits,
  planEpoch,
  WINDOW,
} from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import { type EventDraft, type LedgerBook, type LedgerHead, NO_BASIS } from '#ledger/index.ts';
import { packed, type Sql, type TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { BatchStore } from './batch-store.ts';
import { presentContract } from './contract-name.ts';
import { dayText, dueEpoch, hourOf } from './day.ts';
import type { Epoch, EpochStore } from './epoch-store.ts';
import { MintFault } from './error.ts';
import { type Share, Shares } from './shares.ts';

export interface CutDeps {
  readonly sql: Sql;
  readonly book: LedgerBook;
  readonly epochs: EpochStore;
  readonly batches: BatchStore;
  readonly region: string;
  /** Those of the chain, unless a world is a small one. */
  readonly limits?: MintLimits;
  readonly clock: Pick<Clock, 'now'>;
}

/** Events of half a million accounts at once take a gigabyte. */
const RESERVED_AT_ONCE = 5_000;

/** Inside a transaction: throws where whoever asks may not write any more. */
export type Fence = (tx: TransactionSql) => Promise<void>;

export interface CutPreview {
  readonly plan: EpochPlan;
  readonly shares: Shares;
  readonly waiting: number;
}

/**
 * What is minted on a day: the whole points in Current of every account whose slot is final (only what is proven to be somebody's
 * has one), at most the contract's cap of each; the rest of it stays, for the days after. It is taken under the lock of all who
 * write the ledger, whose numbers are given in the order of commits: the head's number says what is in it, and no event needs a
 * stamp.
 */
export class Cut {
  readonly #deps: CutDeps;

  constructor(deps: CutDeps) {
    this.#deps = deps;
  }

  /**
   * Reserves the points of the day (Current to Minting) and fixes its plan, in one; of a day that was cut the epoch that there is.
   * @throws MintFault `hours_open` | `wrong_day`; MintError of the planner
   */
  async make(epoch: number, fence: Fence): Promise<Epoch> {
    const { book, epochs, batches, clock } = this.#deps;
    const known = await epochs.find(epoch);
    if (known !== undefined) return known;
    this.#requireDay(epoch);
    return await book.open(hourOf(epoch), async ({ tx, head, append }) => {
      await fence(tx);
      const made = await epochs.find(epoch, tx);
      if (made !== undefined) return made;
      await requireClosed(tx, epoch, head);
      const { plan, shares, waiting } = await this.#plan(tx, epoch, head);
      const one = {
        ...{ epoch, planHash: plan.hash, cutId: plan.cutId, cutSequence: head.sequence, cutHash: head.hash },
        ...{ mode: head.mode, points: plan.points, accounts: shares.length, waiting, cutAt: clock.now() },
      };
      await epochs.insert(tx, one, plan);
      await batches.plan(tx, plan, clock.now());
      for (const some of shares.portions(RESERVED_AT_ONCE))
        await append(some.map((share) => reservedOf(epoch, share)));
      return (await epochs.find(epoch, tx))!;
    });
  }

  /** What a cut would take now. Writes nothing and waits for nothing. */
  async preview(epoch: number): Promise<CutPreview> {
    const head = await this.#deps.book.head();
    return (await this.#deps.sql.begin('isolation level repeatable read read only', (tx) =>
      this.#plan(tx, epoch, head),
    )) as CutPreview;
  }

  #requireDay(epoch: number): void {
    const newest = dueEpoch(this.#deps.clock.now());
    if (epoch > newest || epoch < newest - WINDOW)
      throw new MintFault(
        'wrong_day',
        `${dayText(epoch)} can't be cut: a day from ${dayText(newest - WINDOW)} to ${dayText(newest)} is expected, each from 06:00 UTC on`,
      );
  }

  async #plan(tx: TransactionSql, epoch: number, head: LedgerHead) {
    const shares = await sharesOf(tx);
    const slots = await finalSlots(tx);
    const points = Array.from({ length: MINT_CHAINS }, () => new Map<number, number>());
    for (const share of shares) points[share.chain]!.set(share.slot, share.points);
    const cut = {
      ...{ epoch, cutId: `${this.#deps.region} ${head.sequence} ${Buffer.from(head.hash).toString('hex')}` },
      chains: points.map((each, chain) => ({ chain, slots: slots.get(chain) ?? 0, points: each })),
    };
    const plan = planEpoch(cut, this.#deps.limits ?? MINT_LIMITS);
    const whole = await countWhole(tx);
    return { plan, shares, waiting: whole - shares.length };
  }
}

function reservedOf(epoch: number, { accountId, points }: Share): EventDraft {
  return { ...eventOf(epoch, accountId), kind: 'reserved', amount: BigInt(points) * POINT };
}

/** What all events of an epoch's mint have in common. */
export function eventOf(epoch: number, accountId: string): Omit<EventDraft, 'kind' | 'amount'> {
  const about = { hour: hourOf(epoch), revision: 0, nodeId: '', accountId, ref: String(epoch) };
  return { ...about, basis: NO_BASIS, ownerId: undefined };
}

/** The first pass over every hour of the ledger before the cut is done. Those before a reset are of another ledger. */
async function requireClosed(tx: TransactionSql, epoch: number, { firstHour }: LedgerHead): Promise<void> {
  const until = hourOf(epoch);
  if (firstHour >= until) return;
  const [row] = await tx<{ closed: number; open: number | null }[]>`
    select count(*) filter (where closed_at is not null)::int as closed, min(hour) filter (where closed_at is null) as open
    from ledger_hours where hour >= ${firstHour} and hour < ${until}`;
  if (row!.closed === until - firstHour) return;
  const open = new Date((row!.open ?? until - 1) * 3_600_000).toISOString().slice(0, 13);
  throw new MintFault(
    'hours_open',
    `${until - firstHour - row!.closed} hours before the cut of ${dayText(epoch)} are not closed yet, the first is ${open}`,
  );
}

/**
 * Slots are given to proven accounts alone, for ever. By the hours of proofs a late cut would be none that an approver recomputes.
 * In the order of their ids, so that indexes of events grow at their end; in parts, since one value of all of them is held three times.
 */
async function sharesOf(tx: TransactionSql): Promise<Shares> {
  const { ascii, int4 } = packed;
  const parts = await tx<{ accounts: number; rows: Uint8Array }[]>`
    select count(*)::int as accounts, string_agg(${ascii(tx, 'account_id')} || ${int4(tx, 'chain')} || ${int4(tx, 'slot')}
      || ${int4(tx, 'points')}, ''::bytea) as rows
    from (select l.account_id, s.chain::int as chain, s.slot,
        least(trunc(l.current / ${String(POINT)}::numeric), ${ACCOUNT_CAP})::int as points
      from ledger_accounts l join mint_slots s using (account_id)
      where l.current >= ${String(POINT)}::numeric and s.contract = ${presentContract(tx)} and s.state = 'final'
      order by l.account_id) shares
    group by left(account_id, 1) order by left(account_id, 1)`;
  return new Shares(parts);
}

/** How many there are on each chain. They become final in their order, so these are the first ones. */
async function finalSlots(tx: TransactionSql): Promise<ReadonlyMap<number, number>> {
  const rows = await tx<{ chain: number; slots: number }[]>`
    select chain, count(*)::int as slots from mint_slots
    where contract = ${presentContract(tx)} and state = 'final' group by chain`;
  return new Map(rows.map(({ chain, slots }) => [chain, slots]));
}

async function countWhole(tx: TransactionSql): Promise<number> {
  const [row] = await tx<{ accounts: number }[]>`
    select count(*)::int as accounts from ledger_accounts where current >= ${String(POINT)}::numeric`;
  return row!.accounts;
}
