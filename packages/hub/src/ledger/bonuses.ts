import { POINT } from '@stoa/protocol/stoicism';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { LedgerBook } from './book.ts';
import { type AccountId, type EventDraft, NO_BASIS } from './event.ts';

/** A seed that brought another owner's node to the tip: it was empty or lost, and has warmed up since. */
export interface Donation {
  readonly receiver: { readonly nodeId: string; readonly ownerId: string };
  readonly donor: { readonly accountId: AccountId; readonly ownerId: string };
  /** In which the receiver's warm-up was over. */
  readonly hour: number;
}

/** Blocks of a UTC day under one mining key, from payloads that were verified against their headers. */
export interface MinedBlocks {
  /** 64 hex digits; its holder proved to be it. */
  readonly key: string;
  readonly accountId: AccountId;
  readonly ownerId: string;
  readonly blocks: number;
}

const DONATION = 10n * POINT;
const BLOCK = POINT / 100n;
/** A node that loses its database every week is no reason to pay every week. */
const ONCE_IN_HOURS = 30 * 24;
/** Of one account in a UTC day. */
const DONATIONS_A_DAY = 5;
const DAY_HOURS = 24;

/** What is earned besides minutes. Who finds out that it was earned tells it here, as often as it likes. */
export class Bonuses {
  readonly #book: LedgerBook;

  constructor(book: LedgerBook) {
    this.#book = book;
  }

  /** @returns whether it was paid: not to oneself, once for a receiver in 30 days, five a day. */
  donate({ receiver, donor, hour }: Donation): Promise<boolean> {
    return this.#book.open(hour, async ({ tx, append }) => {
      if (receiver.ownerId === donor.ownerId) return false;
      if (await wasHelped(tx, receiver.nodeId, hour)) return false;
      if ((await donationsOf(tx, donor.accountId, hour)) >= DONATIONS_A_DAY) return false;
      await append([{ kind: 'donation', ref: receiver.nodeId, amount: DONATION, ...plain(hour, donor) }]);
      return true;
    });
  }

  /** @param day whole days since 1970. A key of that day that was paid already is left. @returns how many were paid. */
  mine(day: number, mined: readonly MinedBlocks[]): Promise<number> {
    const hour = day * DAY_HOURS;
    return this.#book.open(hour, async ({ tx, append }) => {
      const paid = await paidKeys(tx, hour);
      const due = mined.filter(({ key, blocks }) => blocks > 0 && !paid.has(key));
      await append(
        due.map((one) => ({
          kind: 'mining',
          ref: one.key,
          amount: BigInt(one.blocks) * BLOCK,
          ...plain(hour, one),
        })),
      );
      return due.length;
    });
  }
}

function plain(hour: number, { accountId, ownerId }: { accountId: AccountId; ownerId: string }) {
  return { hour, revision: 0, nodeId: '', accountId, basis: NO_BASIS, ownerId } satisfies Partial<EventDraft>;
}

async function wasHelped(tx: TransactionSql, nodeId: string, hour: number): Promise<boolean> {
  const rows = await tx`select 1 from stoicism_events where ref = ${nodeId} and kind = 'donation'
    and hour > ${hour - ONCE_IN_HOURS} and hour < ${hour + ONCE_IN_HOURS} limit 1`;
  return rows.length > 0;
}

async function donationsOf(tx: TransactionSql, accountId: AccountId, hour: number): Promise<number> {
  const first = hour - (hour % DAY_HOURS);
  const [row] = await tx<{ count: number }[]>`select count(*)::int as count from stoicism_events
    where hour >= ${first} and hour < ${first + DAY_HOURS} and node_id = '' and kind = 'donation' and account_id = ${accountId}`;
  return row?.count ?? 0;
}

async function paidKeys(tx: TransactionSql, hour: number): Promise<Set<string>> {
  const rows = await tx<{ ref: string }[]>`
    select ref from stoicism_events where hour = ${hour} and node_id = '' and kind = 'mining'`;
  return new Set(rows.map(({ ref }) => ref));
}
