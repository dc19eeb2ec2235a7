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

/**
 * What became of a donation: `paid`, also where it was before; `own`: to oneself; `again`: the receiver was helped within 30
 * days; `cap`: the donor's owner had five that day; `before-reset`: its hour belongs to what the last reset ended.
 */
export type DonationOutcome = 'paid' | 'own' | 'again' | 'cap' | 'before-reset';

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
/** Of one owner in a UTC day, whatever accounts they go to. */
const DONATIONS_A_DAY = 5;
const DAY_HOURS = 24;

/** What is earned besides minutes. Who finds out that it was earned tells it here, as often as it likes. */
export class Bonuses {
  readonly #book: LedgerBook;

  constructor(book: LedgerBook) {
    this.#book = book;
  }

  donate(donation: Donation): Promise<DonationOutcome> {
    const { receiver, donor, hour } = donation;
    return this.#book.open(hour, async ({ tx, head, append }) => {
      if (receiver.ownerId === donor.ownerId) return 'own';
      if (hour < head.firstHour) return 'before-reset';
      const helped = await helpedAt(tx, receiver.nodeId, hour);
      if (helped.some((one) => one.hour === hour && one.account === donor.accountId)) return 'paid';
      if (helped.length > 0) return 'again';
      if ((await donationsOf(tx, donor, hour)) >= DONATIONS_A_DAY) return 'cap';
      await append([{ kind: 'donation', ref: receiver.nodeId, amount: DONATION, ...plain(hour, donor) }]);
      return 'paid';
    });
  }

  /**
   * @param day whole days since 1970. A day that began before the last reset is not paid; a key of that day that was paid already
   * is left, and one that is told twice is paid to whom it is told of first.
   * @returns how many were paid.
   */
  mine(day: number, mined: readonly MinedBlocks[]): Promise<number> {
    const hour = day * DAY_HOURS;
    return this.#book.open(hour, async ({ tx, head, append }) => {
      if (hour < head.firstHour) return 0;
      const paid = await paidKeys(tx, hour);
      const due = mined.filter(({ key, blocks }) => blocks > 0 && !paid.has(key) && paid.add(key));
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

/** Donations to a node within 30 days of the hour, on either side of it: they may be told in any order. */
async function helpedAt(
  tx: TransactionSql,
  nodeId: string,
  hour: number,
): Promise<{ hour: number; account: string }[]> {
  return tx<{ hour: number; account: string }[]>`select hour, account_id as account from stoicism_events
    where ref = ${nodeId} and kind = 'donation' and hour > ${hour - ONCE_IN_HOURS} and hour < ${hour + ONCE_IN_HOURS}`;
}

/** Of the owner by e-mail, which events have beside them, and of the account, where the owner's e-mail is no longer known. */
async function donationsOf(
  tx: TransactionSql,
  { accountId, ownerId }: Donation['donor'],
  hour: number,
): Promise<number> {
  const first = hour - (hour % DAY_HOURS);
  const hours = Array.from({ length: DAY_HOURS }, (_, i) => first + i);
  const [row] = await tx<{ count: number }[]>`select count(*)::int as count from stoicism_events
    where hour = any(${hours}::int[]) and node_id = '' and kind = 'donation' and (account_id = ${accountId}
      or owner_email = (select email from payout_people where owner_id = ${ownerId}))`;
  return row?.count ?? 0;
}

async function paidKeys(tx: TransactionSql, hour: number): Promise<Set<string>> {
  const rows = await tx<{ ref: string }[]>`
    select ref from stoicism_events where hour = ${hour} and node_id = '' and kind = 'mining'`;
  return new Set(rows.map(({ ref }) => ref));
}
