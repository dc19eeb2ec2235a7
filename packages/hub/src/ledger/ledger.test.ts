import { POINT, splitFee, wordPoints } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { LedgerCheck } from './check.ts';
import { EventStore } from './event-store.ts';
import { monthOf } from './months.ts';
import { accountName, FIRST_HOUR, LedgerWorld, nodeName } from './world.fixture.ts';

const ALL = (1n << 60n) - 1n;
const HOUR = FIRST_HOUR;
const [ANN, BOB, TUNNEL] = [accountName(1), accountName(2), accountName(3)];
const ONE = nodeName(1);

describe('the ledger', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: LedgerWorld;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, ledger_refusals`;
    world = new LedgerWorld(database.sql);
    world.payeeOf = () => ({ accountId: ANN, ownerId: 'x' });
    await world.book.begin();
  });

  const check = () =>
    new LedgerCheck({ sql: database.sql, events: new EventStore(database.sql) }).run({ chain: true });
  const events = () => database.sql`select kind, node_id, account_id, hour, revision, amount::text as amount
    from stoicism_events order by sequence`;
  const current = async (accountId: string) => {
    const [row] = await database.sql<{ current: string }[]>`
      select current::text as current from ledger_accounts where account_id = ${accountId}`;
    return BigInt(row?.current ?? 0);
  };
  const sound = async () => expect(await check()).toMatchObject({ identical: true, faults: [] });

  it('closes an hour 15 minutes after its end, once', async () => {
    world.tell(HOUR, ONE, { paid: ALL });
    await world.after(HOUR, 14);
    expect(await events()).toEqual([]);
    await world.after(HOUR, 15);
    await world.after(HOUR, 16);
    expect(await events()).toMatchObject([
      { kind: 'accrual', account_id: ANN, hour: HOUR, revision: 0, amount: String((36n * POINT) / 10n) },
    ]);
    await sound();
  });

  it('answers a later word by one event of the difference, until a day is over; then it is shown and not paid', async () => {
    world.tell(HOUR, ONE, { paid: 1n });
    await world.after(HOUR, 15);
    world.tell(HOUR, ONE, { paid: 7n });
    await world.after(HOUR, 80);
    world.tell(HOUR, ONE, { paid: 15n });
    await world.after(HOUR, 24 * 60);
    world.tell(HOUR, ONE, { paid: ALL });
    await world.after(HOUR, 48 * 60);
    await world.after(HOUR, 72 * 60);
    const minute = wordPoints(1n, 1_000_000);
    expect(
      await database.sql`select revision, amount::text as amount from stoicism_events order by sequence`,
    ).toEqual([
      { revision: 0, amount: String(minute) },
      { revision: 1, amount: String(2n * minute) },
      { revision: 2, amount: String(minute) },
    ]);
    expect(await database.sql`select reason, amount::text as amount from ledger_refusals`).toEqual([
      { reason: 'late', amount: String(56n * minute) },
    ]);
    await sound();
  });

  it('takes nothing back that is banked: a word by which less was earned is shown', async () => {
    world.tell(HOUR, ONE, { paid: ALL });
    await world.after(HOUR, 15);
    world.tell(HOUR, ONE, { paid: 1n });
    await world.after(HOUR, 80);
    expect(await current(ANN)).toBe(wordPoints(ALL, 1_000_000));
    expect(await database.sql`select reason from ledger_refusals`).toEqual([{ reason: 'less' }]);
    await sound();
  });

  it('takes nothing back from one account for another, when who owned a closed hour is told late', async () => {
    world.tell(HOUR, ONE, { paid: ALL });
    await world.after(HOUR, 15);
    world.payeeOf = () => ({ accountId: BOB, ownerId: 'y' });
    world.tell(HOUR + 1, ONE, { paid: ALL });
    await world.after(HOUR + 1, 20);
    const earned = wordPoints(ALL, 1_000_000);
    expect([await current(ANN), await current(BOB)]).toEqual([earned, earned]);
    expect(await database.sql`select hour, reason, amount::text as amount from ledger_refusals`).toEqual([
      { hour: HOUR, reason: 'less', amount: String(-earned) },
    ]);
    await sound();
  });

  it('reads no hour again whose words may be gone', async () => {
    world.tell(HOUR, ONE, { paid: ALL });
    await world.after(HOUR, 15);
    world.tell(HOUR, ONE, {});
    await world.after(HOUR, 7 * 24 * 60);
    expect(await database.sql`select 1 from ledger_refusals`).toEqual([]);
    expect(await current(ANN)).toBe(wordPoints(ALL, 1_000_000));
  });

  it('pays nothing without account or score, and pays what was not known in time later', async () => {
    const known = world.payeeOf;
    world.payeeOf = () => undefined;
    world.tell(HOUR, ONE, { paid: ALL });
    await world.after(HOUR, 15);
    expect(await events()).toEqual([]);
    world.payeeOf = known;
    await world.after(HOUR, 80);
    expect(await events()).toMatchObject([{ kind: 'accrual', revision: 1 }]);
  });

  it('keeps what a node earns in its warm-up, and gives it with the first minute after to whom it was earned for', async () => {
    world.payeeOf = (hour) => ({ accountId: hour === HOUR ? ANN : BOB, ownerId: 'x' });
    world.tell(HOUR, ONE, { pending: ALL });
    world.tell(HOUR + 1, ONE, { pending: 1n, paid: 2n });
    await world.after(HOUR, 15);
    expect([await current(ANN), await current(BOB)]).toEqual([0n, 0n]);
    await world.after(HOUR + 1, 15);
    expect(await current(ANN)).toBe(wordPoints(ALL, 1_000_000));
    expect(await current(BOB)).toBe(wordPoints(3n, 1_000_000));
    expect(await database.sql`select 1 from ledger_pending`).toEqual([]);
    await sound();
  });

  it('ends no warm-up by an hour before it that is read again', async () => {
    world.tell(HOUR, ONE, { pending: 1n });
    world.tell(HOUR + 1, ONE, { paid: 2n });
    for (const later of [HOUR + 4, HOUR + 5]) world.tell(later, ONE, { pending: ALL });
    for (const hour of [HOUR, HOUR + 1, HOUR + 4, HOUR + 5, HOUR + 12]) await world.after(hour, 15);
    expect(await current(ANN)).toBe(wordPoints(3n, 1_000_000));
    const waiting = await database.sql`select amount::text as amount from ledger_pending`;
    expect(waiting).toEqual([{ amount: String(2n * wordPoints(ALL, 1_000_000)) }]);
    world.tell(HOUR + 30, ONE, { paid: 1n });
    await world.after(HOUR + 30, 15);
    expect(await current(ANN)).toBe(wordPoints(7n, 1_000_000) + 2n * wordPoints(ALL, 1_000_000));
    await sound();
  });

  it('pays a minute once that matured, and was found by a later word to be paid at once', async () => {
    const tunnel = { accountId: TUNNEL, ownerId: 't', permille1: 1_000 };
    world.payeeOf = () => ({ accountId: ANN, ownerId: 'x', tunnel });
    world.tell(HOUR, ONE, { pending: 7n });
    world.tell(HOUR + 1, ONE, { paid: 1n });
    for (const later of [HOUR + 2, HOUR + 3]) world.tell(later, ONE, { pending: ALL });
    await world.after(HOUR, 15);
    await world.after(HOUR + 1, 15);
    world.tell(HOUR, ONE, { pending: 3n, paid: 4n });
    await world.after(HOUR + 3, 15);
    const [minute, rest] = [wordPoints(1n, 1_000_000), (of: bigint) => (of * 9n) / 10n];
    expect(
      await database.sql`select kind, account_id, amount::text as amount from stoicism_events
        where hour = ${HOUR} and revision > 0 order by sequence`,
    ).toEqual([
      { kind: 'accrual', account_id: ANN, amount: String(rest(minute)) },
      { kind: 'fee', account_id: TUNNEL, amount: String(minute / 10n) },
      { kind: 'pending', account_id: ANN, amount: String(-rest(minute)) },
      { kind: 'pending-fee', account_id: TUNNEL, amount: String(-minute / 10n) },
      { kind: 'matured', account_id: ANN, amount: String(-rest(minute)) },
      { kind: 'matured', account_id: TUNNEL, amount: String(-minute / 10n) },
    ]);
    expect(await current(ANN)).toBe(rest(4n * minute));
    const waiting = await database.sql<{ amount: string }[]>`
      select amount::text as amount from ledger_pending where account_id = ${ANN}`;
    expect(waiting).toEqual([{ amount: String(rest(120n * minute)) }]);
    await sound();
  });

  it('gives a tunnel its fee of paid and pending minutes alike; what waits does so for both', async () => {
    const tunnel = { accountId: TUNNEL, ownerId: 't', permille1: 125 };
    world.payeeOf = () => ({ accountId: ANN, ownerId: 'x', tunnel });
    world.scoreOf = () => ({ micro: 1_234_567, version: 3 });
    world.tell(HOUR, ONE, { pending: 7n });
    world.tell(HOUR + 1, ONE, { paid: ALL });
    await world.after(HOUR, 15);
    expect(await current(TUNNEL)).toBe(0n);
    await world.after(HOUR + 1, 15);
    const shares = [7n, ALL].map((word) => splitFee(wordPoints(word, 1_234_567), 125));
    expect(await current(TUNNEL)).toBe(shares.reduce((sum, { fee }) => sum + fee, 0n));
    expect(await current(ANN)).toBe(shares.reduce((sum, { rest }) => sum + rest, 0n));
    await sound();
  });

  it('goes on where a pass was cut off, and two closers at once pay once', async () => {
    for (let i = 0; i < 10; i += 1) world.tell(HOUR, nodeName(i), { paid: ALL });
    const cut = new LedgerWorld(database.sql);
    cut.now = world.now;
    cut.payeeOf = world.payeeOf;
    cut.words.set(HOUR, world.words.get(HOUR)!);
    const pages = cut.hours.bind(cut);
    cut.hours = async function* (hour, from) {
      for await (const page of pages(hour, from)) {
        yield page;
        throw new Error('the process ended');
      }
    };
    await expect(cut.after(HOUR, 15)).rejects.toThrow('the process ended');
    cut.hours = pages;
    await Promise.all([world.after(HOUR, 15), cut.after(HOUR, 15)]);
    expect(await current(ANN)).toBe(10n * wordPoints(ALL, 1_000_000));
    expect((await events()).length).toBe(10);
    await sound();
  });

  it('leaves no place of a slow closer to the next pass, and goes on from none an hour later', async () => {
    world.tell(HOUR, ONE, { paid: 1n });
    const whole = world.hours.bind(world);
    const other = new LedgerWorld(database.sql);
    other.payeeOf = world.payeeOf;
    other.words.set(HOUR, world.words.get(HOUR)!);
    world.hours = async function* (hour, from) {
      await other.after(HOUR, 15);
      yield* whole(hour, from);
    };
    await world.after(HOUR, 15);
    const place = () => database.sql`select passes, done_up_to from ledger_hours where hour = ${HOUR}`;
    expect(await place()).toEqual([{ passes: 1, done_up_to: null }]);
    const stop = new AbortController();
    world.hours = async function* (hour, from) {
      for await (const page of whole(hour, from)) {
        stop.abort();
        yield page;
      }
    };
    world.now += 60 * 60_000;
    await world.closer.tick(stop.signal);
    expect(await place()).toEqual([{ passes: 1, done_up_to: ONE }]);
    world.hours = whole;
    world.tell(HOUR, ONE, { paid: 3n });
    await world.after(HOUR, 30 * 60);
    expect(await current(ANN)).toBe(wordPoints(3n, 1_000_000));
    await sound();
  });

  it('names an event that was changed by hand, one that was taken out, one cut off, and a balance', async () => {
    for (let i = 0; i < 6; i += 1) world.tell(HOUR, nodeName(i), { paid: ALL });
    await world.after(HOUR, 15);
    const { sql } = database;
    const { name } = monthOf(HOUR);
    await expect(sql`update stoicism_events set amount = 1 where sequence = 3`).rejects.toThrow(
      'stands as it was written',
    );
    await expect(sql`delete from stoicism_events where sequence = 3`).rejects.toThrow(
      'stands as it was written',
    );
    await sql`update stoicism_events set owner_email = null where sequence = 3`;
    await sound();
    const tampered = async (statement: string) => {
      await sql.unsafe(`alter table ${name} disable trigger all`);
      await sql.unsafe(statement);
      await sql.unsafe(`alter table ${name} enable trigger all`);
      return (await check()).faults.map(({ code, sequence }) => ({
        code,
        ...(sequence !== undefined && { sequence }),
      }));
    };
    expect(await tampered(`update ${name} set amount = amount + 1 where sequence = 3`)).toEqual([
      { code: 'event_changed', sequence: 3 },
      { code: 'balance_differs' },
    ]);
    expect(await tampered(`update ${name} set amount = amount - 1 where sequence = 3`)).toEqual([]);
    expect(await tampered(`update ledger_accounts set current = current + 1`)).toEqual([
      { code: 'balance_differs' },
    ]);
    expect(await tampered(`update ledger_accounts set current = current - 1`)).toEqual([]);
    expect(await tampered(`delete from ${name} where sequence = 6`)).toEqual([
      { code: 'end_differs' },
      { code: 'balance_differs' },
    ]);
    expect(await tampered(`delete from ${name} where sequence = 2`)).toContainEqual({
      code: 'event_missing',
      sequence: 3,
    });
  });
});
