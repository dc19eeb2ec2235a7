import { POINT } from '@stoa/protocol/stoicism';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { Donation, DonationOutcome } from './bonuses.ts';
import { createLedgerTools, type LedgerTools } from './index.ts';
import { accountName, FIRST_HOUR, nodeName } from './world.fixture.ts';

/** The first day that begins in this ledger. */
const DAY = Math.ceil(FIRST_HOUR / 24);
const HOUR = DAY * 24;
const owner = (i: number) => String(i).repeat(32);

describe('bonuses', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let tools: LedgerTools;

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    for (const i of [0, 1, 2])
      await sql`insert into payout_people (email, owner_id) values (${`${i}@x.example`}, ${owner(i)})`;
    tools = createLedgerTools({ sql, clock: { now: () => FIRST_HOUR * 3_600_000 } });
  }, 60_000);
  afterAll(() => database.close());
  const anew = async () => {
    await database.sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours`;
    await tools.book.begin();
  };
  beforeEach(anew);

  const balances = async () => {
    const rows = await database.sql<{ id: string; current: string }[]>`
      select account_id as id, current::text as current from ledger_accounts`;
    return new Map(rows.map(({ id, current }) => [id, BigInt(current)]));
  };
  const sound = async () => expect((await tools.check.run({ chain: true })).faults).toEqual([]);

  /** Accounts 2i and 2i + 1 are owner i's. */
  const steps = fc.record({
    receiver: fc.integer({ min: 1, max: 9 }),
    receiverOwner: fc.integer({ min: 0, max: 2 }),
    account: fc.integer({ min: 0, max: 5 }),
    hour: fc.integer({ min: -1, max: 60 }).map((i) => HOUR + i * 24),
  });

  it('pay a seed as the plain rules do, whatever comes in which order and however often', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 14 }), async (all) => {
        await anew();
        const paid: { receiver: number; owner: number; account: number; hour: number }[] = [];
        for (const step of [...all, ...all.slice(0, 3)]) {
          const by = { ...step, owner: Math.floor(step.account / 2) };
          const expected = plainly(by, by.receiverOwner, paid);
          const told: Donation = {
            receiver: { nodeId: nodeName(step.receiver), ownerId: owner(step.receiverOwner) },
            donor: { accountId: accountName(step.account), ownerId: owner(by.owner) },
            hour: step.hour,
          };
          expect(await tools.bonuses.donate(told)).toBe(expected);
        }
        const sums = new Map<string, bigint>();
        for (const { account } of paid)
          sums.set(accountName(account), (sums.get(accountName(account)) ?? 0n) + 10n * POINT);
        expect(await balances()).toEqual(sums);
        await sound();
      }),
      { numRuns: 12 },
    );
  });

  it('are five a day for an owner, whatever accounts they go to', async () => {
    const outcomes: DonationOutcome[] = [];
    for (const i of [0, 1, 2, 3, 4, 5, 6])
      outcomes.push(
        await tools.bonuses.donate({
          receiver: { nodeId: nodeName(i), ownerId: owner(0) },
          donor: { accountId: accountName(i % 2), ownerId: owner(1) },
          hour: HOUR + i,
        }),
      );
    expect(outcomes).toEqual(['paid', 'paid', 'paid', 'paid', 'paid', 'cap', 'cap']);
  });

  it('pay each key of a day once, to whom it is told of first, and no day that began before the ledger', async () => {
    const key = (digit: string) => digit.repeat(64);
    const mined = (digit: string, account: number, blocks: number) => ({
      ...{ key: key(digit), blocks, accountId: accountName(account), ownerId: owner(account) },
    });
    const day = [mined('a', 0, 7), mined('a', 1, 7), mined('b', 1, 3), mined('c', 2, 0)];
    expect(await tools.bonuses.mine(DAY, day)).toBe(2);
    expect(await tools.bonuses.mine(DAY, [...day, mined('d', 2, 1)].reverse())).toBe(1);
    expect(await tools.bonuses.mine(DAY - 1, day)).toBe(0);
    const cent = POINT / 100n;
    expect(await balances()).toEqual(
      new Map([
        [accountName(0), 7n * cent],
        [accountName(1), 3n * cent],
        [accountName(2), cent],
      ]),
    );
    await sound();
  });
});

/** The rules, told as a list of what was paid. */
function plainly(
  by: { receiver: number; owner: number; account: number; hour: number },
  receiverOwner: number,
  paid: { receiver: number; owner: number; account: number; hour: number }[],
): DonationOutcome {
  if (by.owner === receiverOwner) return 'own';
  if (by.hour < FIRST_HOUR) return 'before-reset';
  const near = paid.filter((one) => one.receiver === by.receiver && Math.abs(one.hour - by.hour) < 720);
  if (near.some((one) => one.hour === by.hour && one.account === by.account)) return 'paid';
  if (near.length > 0) return 'again';
  const day = Math.floor(by.hour / 24);
  if (paid.filter((one) => one.owner === by.owner && Math.floor(one.hour / 24) === day).length >= 5)
    return 'cap';
  paid.push({ receiver: by.receiver, owner: by.owner, account: by.account, hour: by.hour });
  return 'paid';
}
