import { BUCKET, owningChain, parseDeltas } from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLedgerTools } from '#ledger/index.ts';
import type { DbAdapter, Sql } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { Batch } from './batch-store.ts';
import { FIRST_DAY, MintWorld, points, unfenced } from './mint-world.fixture.ts';

let database: DbAdapter;
beforeAll(async () => {
  database = await openTemporary();
}, 60_000);
afterAll(() => database.close());

const ACCOUNTS = 6;

/** Puts a batch into a state without a chain. */
async function put(world: MintWorld, batch: Batch, state: Batch['state']): Promise<Batch> {
  const to = { state, attempt: batch.attempt };
  await world.sql.begin((tx) => world.batches.move(tx, batch, { to, now: world.now }));
  return { ...batch, state };
}

async function settleAll(world: MintWorld, epoch: number): Promise<void> {
  for (const batch of await world.batches.ofEpoch(epoch))
    if (batch.state !== 'settled')
      await world.redemption.settle(await put(world, batch, 'final'), { seen: undefined, fence: unfenced });
}

async function check(sql: Sql): Promise<void> {
  const tools = createLedgerTools({ sql, clock: { now: () => 0 } });
  expect(await tools.check.run({ chain: true })).toMatchObject({ identical: true, faults: [] });
}

describe('the cut of a day', () => {
  it('takes the whole points of proven accounts with a final slot, and leaves the rest', async () => {
    const world = await MintWorld.open(database.sql);
    for (const [i, proven] of [true, true, false, true].entries()) await world.account(i, { proven });
    await world.earn(new Map([0, 1, 2].map((i) => [i, points(10 + i) + 7n])));
    await world.day(FIRST_DAY + 1);
    await world.seat();
    await world.earn(new Map([[3, points(5)]]));
    await world.slots.allot(world.now);
    const { plan, shares } = await world.cut.preview(FIRST_DAY + 1);
    const epoch = await world.cut.make(FIRST_DAY + 1, unfenced);
    expect(epoch).toMatchObject({ planHash: plan.hash, points: 21, accounts: 2, waiting: 2, mode: 'shadow' });
    expect([...shares].map(({ accountId }) => accountId).sort()).toEqual(
      [MintWorld.idOf(0), MintWorld.idOf(1)].sort(),
    );
    const held = await world.held();
    expect(held.get(MintWorld.idOf(1))).toEqual({ current: 7n, minting: points(11), redeemed: 0n });
    expect(held.get(MintWorld.idOf(2))).toEqual({ current: points(12) + 7n, minting: 0n, redeemed: 0n });
    expect(held.get(MintWorld.idOf(3))!.minting).toBe(0n);
    const stored = await world.epochs.plan(FIRST_DAY + 1);
    expect(stored).toEqual({ ...plan, chains: plan.chains.map(({ opening, ...chain }) => chain) });
    const sums = stored.chains.flatMap(({ batches }) =>
      batches.flatMap(({ deltas }) => parseDeltas(deltas).flat()),
    );
    expect(sums.reduce((all, one) => all + one, 0)).toBe(21);
    await check(database.sql);
  });

  it('made late takes whoever has a final slot, from whichever hour its proof is', async () => {
    const world = await MintWorld.open(database.sql);
    for (const i of [0, 1]) await world.account(i, { proven: true });
    await world.earn(new Map([0, 1].map((i) => [i, points(3)])));
    await world.day(FIRST_DAY + 1);
    await world.seat();
    const { plan } = await world.cut.preview(FIRST_DAY);
    await world.sql`update payout_proofs set from_hour = ${(FIRST_DAY + 2) * 24} where account_id = ${MintWorld.idOf(1)}`;
    const { points: cut, planHash } = await world.cut.make(FIRST_DAY, unfenced);
    expect(cut).toBe(6);
    expect(planHash).toBe(plan.hash);
  });

  it('happens once: whoever asks again gets the plan that there is', async () => {
    const world = await MintWorld.open(database.sql);
    await world.account(0, { proven: true });
    await world.earn(new Map([[0, points(3)]]));
    await world.day(FIRST_DAY);
    await world.seat();
    const [one, two] = await Promise.all([
      world.cut.make(FIRST_DAY, unfenced),
      world.cut.make(FIRST_DAY, unfenced),
    ]);
    await world.earn(new Map([[0, points(4)]]));
    expect(two.planHash).toBe(one.planHash);
    expect((await world.cut.make(FIRST_DAY, unfenced)).planHash).toBe(one.planHash);
    expect((await world.held()).get(MintWorld.idOf(0))).toEqual({
      ...{ current: points(4), minting: points(3), redeemed: 0n },
    });
  });

  it('waits for every hour before 06:00, and takes no day that is past or to come', async () => {
    const world = await MintWorld.open(database.sql);
    await world.day(FIRST_DAY);
    await database.sql`update ledger_hours set closed_at = null where hour = ${FIRST_DAY * 24 + 2}`;
    await expect(world.cut.make(FIRST_DAY, unfenced)).rejects.toMatchObject({
      code: 'hours_open',
      retry: true,
    });
    await database.sql`delete from ledger_hours where hour = ${FIRST_DAY * 24 + 2}`;
    await expect(world.cut.make(FIRST_DAY, unfenced)).rejects.toMatchObject({ code: 'hours_open' });
    for (const day of [FIRST_DAY + 1, FIRST_DAY - 4])
      await expect(world.cut.make(day, unfenced)).rejects.toMatchObject({ code: 'wrong_day' });
  });

  it('writes nothing where whoever cuts does not lead any more', async () => {
    const world = await MintWorld.open(database.sql);
    await world.day(FIRST_DAY);
    const lost = () => Promise.reject(new Error('another leads'));
    await expect(world.cut.make(FIRST_DAY, lost)).rejects.toThrow('another leads');
    expect(await world.epochs.find(FIRST_DAY)).toBeUndefined();
  });

  it('takes no more of an account than the contract credits in a day; the rest of it comes later', async () => {
    const world = await MintWorld.open(database.sql);
    await world.account(0, { proven: true });
    await world.earn(new Map([[0, points(150_000)]]));
    for (const [day, minting] of [
      [0, 100_000],
      [1, 150_000],
    ] as const) {
      await world.day(FIRST_DAY + day);
      await world.seat();
      await world.cut.make(FIRST_DAY + day, unfenced);
      expect((await world.held()).get(MintWorld.idOf(0))!.minting).toBe(points(minting));
    }
  });

  it('names a stored plan that was edited', async () => {
    const world = await MintWorld.open(database.sql);
    await world.account(0, { proven: true });
    await world.earn(new Map([[0, points(3)]]));
    await world.day(FIRST_DAY);
    await world.seat();
    await world.cut.make(FIRST_DAY, unfenced);
    const edits = [
      `update mint_plans set deltas = replace(deltas, '3', '4'), sum = 4`,
      `update mint_plans set to_bucket = to_bucket + 1`,
      `update mint_chains set digest = 'x'`,
      `update mint_chains set cap = cap + 1 where cap > 0`,
      `delete from mint_chains where chain = 9`,
      `update mint_plans set deltas = '[[1]]'`,
    ];
    for (const edit of edits) {
      const [plans, chains] = [
        await world.sql`select * from mint_plans`,
        await world.sql`select * from mint_chains`,
      ];
      await world.sql.unsafe(edit);
      await expect(world.epochs.plan(FIRST_DAY), edit).rejects.toMatchObject({ code: 'plan_changed' });
      await world.sql`truncate mint_plans, mint_chains`;
      await world.sql`insert into mint_plans ${world.sql(plans)}`;
      for (const { bounds, ...row } of chains)
        await world.sql`insert into mint_chains ${world.sql({ ...row, bounds: `{${bounds}}` })}`;
    }
    expect((await world.epochs.plan(FIRST_DAY)).points).toBe(3);
  });
});

describe('slots', () => {
  it('are dense on the owning chain of each account, and stay', async () => {
    const world = await MintWorld.open(database.sql);
    for (let i = 0; i < 60; i += 1) await world.account(i, { proven: i % 5 > 0 });
    await world.earn(
      new Map(Array.from({ length: 60 }, (_, i) => [i, i % 7 === 0 ? points(1) - 1n : points(1)])),
    );
    await Promise.all([world.slots.allot(world.now), world.slots.allot(world.now)]);
    const slotsOf = () => world.sql<{ account: string; chain: number; slot: number }[]>`
      select account, chain, slot from mint_slots join payout_accounts using (account_id) order by chain, slot`;
    const before = await slotsOf();
    expect(before).toHaveLength(60 - 12 - 9 + 2);
    for (const [i, { account, chain, slot }] of before.entries()) {
      expect(chain).toBe(owningChain(account));
      expect(slot).toBe(before[i - 1]?.chain === chain ? before[i - 1]!.slot + 1 : 0);
    }
    await world.earn(new Map(Array.from({ length: 60 }, (_, i) => [i, points(1)])));
    await world.slots.allot(world.now);
    expect(await slotsOf()).toEqual(expect.arrayContaining([...before]));
  });
});

type Step =
  | { readonly do: 'earn'; readonly account: number; readonly amount: bigint }
  | { readonly do: 'day'; readonly stalled: boolean; readonly cancelled: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('earn' as const),
    account: fc.nat(ACCOUNTS - 1),
    amount: fc.bigInt({ min: 1n, max: 5n * POINT }),
  }),
  fc.record({ do: fc.constant('day' as const), stalled: fc.boolean(), cancelled: fc.boolean() }),
);

/** Days of a mint, and what they should come to. */
class Days {
  readonly world: MintWorld;
  readonly earned = new Map<string, bigint>();
  readonly minted = new Map<string, bigint>();
  readonly #stalled: { epoch: number; cancelled: boolean }[] = [];
  #day = FIRST_DAY;

  constructor(world: MintWorld) {
    this.world = world;
  }

  async earn({ account, amount }: Extract<Step, { do: 'earn' }>): Promise<void> {
    await this.world.earn(new Map([[account, amount]]));
    add(this.earned, MintWorld.idOf(account), amount);
  }

  /** Epochs that stall do so over two cuts, then they come to their end. */
  async cut({ stalled, cancelled }: Extract<Step, { do: 'day' }>): Promise<void> {
    const { world } = this;
    await world.day(this.#day);
    await world.seat();
    const { epoch } = await world.cut.make(this.#day, unfenced);
    this.#day += 1;
    for (const batch of await world.batches.ofEpoch(epoch)) await put(world, batch, 'sent');
    if (stalled || cancelled) this.#stalled.push({ epoch, cancelled });
    else await this.#credit(epoch);
    if (this.#stalled.length > 2) await this.#finish(this.#stalled.shift()!);
  }

  async end(): Promise<void> {
    for (const late of this.#stalled) await this.#finish(late);
  }

  async #finish({ epoch, cancelled }: { epoch: number; cancelled: boolean }): Promise<void> {
    if (!cancelled) return this.#credit(epoch);
    const { world } = this;
    await world.sql.begin((tx) => world.intervention.cancel(tx, epoch));
    const batches = await world.batches.ofEpoch(epoch);
    const sent = batches.filter(({ kind }) => kind === 'mint');
    if (sent.length > 0)
      await expect(world.cancellation.finish(epoch, unfenced)).rejects.toMatchObject({ code: 'not_dead' });
    for (const batch of batches) await put(world, batch, batch.kind === 'open' ? 'settled' : 'absent');
    for (const chain of new Set(sent.map((batch) => batch.chain))) {
      await world.cancellation.close(chain, unfenced);
      await expect(world.cancellation.finish(epoch, unfenced)).rejects.toMatchObject({ code: 'not_dead' });
    }
    for (const closing of await world.batches.ofEpoch(epoch))
      if (closing.kind === 'close') {
        await put(world, closing, 'settled');
        world.closed(closing.chain, epoch, closing.size);
      }
    await world.cancellation.finish(epoch, unfenced);
  }

  /** What the chain has of it, by the plan. */
  async #credit(epoch: number): Promise<void> {
    await settleAll(this.world, epoch);
    const { chains } = await this.world.epochs.plan(epoch);
    for (const { chain, from, deltas } of chains.flatMap(({ batches }) => batches))
      for (const [slot, value] of parseDeltas(deltas).flat().entries()) {
        const [row] = await this.world.sql<{ id: string }[]>`select account_id as id from mint_slots
          where chain = ${chain} and slot = ${from * BUCKET + slot}`;
        if (row !== undefined) add(this.minted, row.id, points(value));
      }
  }
}

function add(sums: Map<string, bigint>, id: string, amount: bigint): void {
  sums.set(id, (sums.get(id) ?? 0n) + amount);
}

describe('days of the mint', { timeout: 120_000 }, () => {
  it('mint nothing twice and lose nothing, also where epochs stall over the next cuts or are given up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 16 }), async (steps) => {
        const world = await MintWorld.open(database.sql);
        for (let i = 0; i < ACCOUNTS; i += 1) await world.account(i, { proven: i > 0 });
        const days = new Days(world);
        for (const one of steps) await (one.do === 'earn' ? days.earn(one) : days.cut(one));
        await days.end();
        for (const [id, { current, minting, redeemed }] of await world.held()) {
          expect(current + redeemed).toBe(days.earned.get(id));
          expect(minting).toBe(0n);
          expect(redeemed).toBe(days.minted.get(id) ?? 0n);
        }
        await check(database.sql);
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
});
