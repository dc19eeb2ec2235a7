import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { BatchState } from './batch-state.ts';
import { FIRST_DAY, MintWorld, points, unfenced } from './mint-world.fixture.ts';
import type { ActKind } from './schema.ts';

const HOUR_MS = 3_600_000;

describe('a day that is given up', () => {
  let database: DbAdapter;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());

  /** One account with seven points, so one chain with one batch; the person's word is given. */
  async function givenUp() {
    const world = await MintWorld.open(database.sql);
    await world.account(0, { proven: true });
    await world.earn(new Map([[0, points(7)]]));
    await world.day(FIRST_DAY);
    await world.seat();
    await world.cut.make(FIRST_DAY, unfenced);
    await world.sql.begin((tx) => world.intervention.cancel(tx, FIRST_DAY));
    const all = await world.batches.ofEpoch(FIRST_DAY);
    const { chain } = all.find(({ kind }) => kind === 'mint')!;
    const find = async (kind: ActKind) =>
      (await world.batches.ofEpoch(FIRST_DAY)).find((batch) => batch.kind === kind && batch.chain === chain);
    const put = async (kind: ActKind, state: BatchState, attempt = 0) => {
      const batch = (await find(kind))!;
      await world.sql.begin((tx) =>
        world.batches.move(tx, batch, { to: { state, attempt }, now: world.now }),
      );
    };
    const close = async () => {
      await world.cancellation.close(chain, unfenced);
      return find('close');
    };
    const finish = () => world.cancellation.finish(FIRST_DAY, unfenced);
    const held = async () => (await world.held()).get(MintWorld.idOf(0));
    return { world, chain, put, close, finish, held };
  }

  const BACK = { current: points(7), minting: 0n, redeemed: 0n };

  it.each(['signed', 'sent', 'mined', 'final'] as const)(
    'keeps the points of a batch that is %s, though its chain is closed for good',
    async (state) => {
      const { world, chain, put, close, finish, held } = await givenUp();
      await put('open', 'settled');
      await close();
      await put('close', 'settled');
      world.closed(chain, FIRST_DAY, 0);
      await put('mint', state);
      await expect(finish()).rejects.toMatchObject({
        code: 'not_dead',
        message: expect.stringContaining(`mint 0 is ${state}`),
      });
      expect((await held())?.minting).toBe(points(7));
      expect((await world.epochs.get(FIRST_DAY)).state).toBe('cancelling');
      await put('mint', 'absent');
      await finish();
      expect(await held()).toEqual(BACK);
    },
  );

  it('gives nothing back where its chain is closed at another total than what is settled', async () => {
    const { world, put, close, finish, held } = await givenUp();
    await put('open', 'settled');
    await put('mint', 'final');
    // Nothing is left to close: what is final is all there is.
    expect(await close()).toBeUndefined();
    await put('mint', 'absent');
    await close();
    await world.sql`update mint_batches set size = 7 where kind = 'close'`;
    await put('close', 'settled');
    await expect(finish()).rejects.toMatchObject({
      code: 'not_dead',
      message: expect.stringMatching(/closed at 7 points, and 0 are settled/),
    });
    expect((await held())?.minting).toBe(points(7));
  });

  it('closes an epoch that is open, also where no batch of it was ever signed', async () => {
    const { world, chain, put, close, finish, held } = await givenUp();
    await put('open', 'mined');
    expect(await close()).toBeUndefined();
    await put('open', 'final');
    await expect(finish()).rejects.toMatchObject({
      code: 'not_dead',
      message: expect.stringMatching(/is open and not closed/),
    });
    expect(await close()).toMatchObject({ state: 'planned', size: 0 });
    await expect(finish()).rejects.toMatchObject({
      code: 'not_dead',
      message: expect.stringMatching(/its closing is planned/),
    });
    await put('close', 'settled');
    world.closed(chain, FIRST_DAY, 0);
    await finish();
    expect(await held()).toEqual(BACK);
  });

  /** Past the window's end; nothing of the day was ever signed here. */
  async function unsigned() {
    const given = await givenUp();
    given.world.now = (FIRST_DAY + 4) * 24 * HOUR_MS + 6 * HOUR_MS;
    const keeps = async (code: string, message: RegExp) => {
      await expect(given.finish()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
      expect((await given.held())?.minting).toBe(points(7));
      expect((await given.world.epochs.get(FIRST_DAY)).state).toBe('cancelling');
    };
    return { ...given, keeps };
  }

  it.each([
    ['minted and closed', 7, true, /is closed with 7 points minted, here not open with 0 settled/],
    ['opened and not closed', 0, false, /is open, not closed, with 0 points minted, here not open with 0/],
  ] as const)(
    'gives nothing back that was %s by bytes that this database does not know',
    async (_what, minted, closed, message) => {
      const { world, chain, keeps } = await unsigned();
      const state = { minted, done: 0, digest: 'd', closed };
      for (const node of world.nodes) node.set(`${chain} ${FIRST_DAY}`, state);
      await keeps('chain_differs', message);
    },
  );

  it('gives nothing back where a chain closed another total, or nothing, than is known here', async () => {
    const { world, chain, put, close, keeps, finish, held } = await unsigned();
    await put('open', 'settled');
    await close();
    await put('close', 'settled');
    await keeps('chain_differs', /is not open with 0 points minted, here closed with 0 settled/);
    world.closed(chain, FIRST_DAY, 7);
    await keeps('chain_differs', /is closed with 7 points minted, here closed with 0 settled/);
    world.closed(chain, FIRST_DAY, 0);
    await finish();
    expect(await held()).toEqual(BACK);
  });

  it('gives nothing back where nodes contradict each other, or are not past the window', async () => {
    const { world, chain, keeps, finish, held } = await unsigned();
    const state = { minted: 7, done: 0, digest: 'd', closed: true };
    world.nodes[0]!.set(`${chain} ${FIRST_DAY}`, state);
    await keeps('no_agreement', /answer .* differently/);
    world.nodes[0]!.clear();
    world.lag = 6 * HOUR_MS + 1;
    await keeps('no_agreement', /its final block 100 has the time \d+, \d+ or later is needed/);
    world.lag = 6 * HOUR_MS;
    await finish();
    expect(await held()).toEqual(BACK);
  });

  it.each([
    ['was never signed', 'planned', 0],
    ['died', 'absent', 0],
    ['died five times', 'stopped', 4],
  ] as const)(
    'waits for the end of the contract’s window where its opening %s: it could still be opened',
    async (_what, state, attempt) => {
      const { world, put, close, finish, held } = await givenUp();
      await put('open', state, attempt);
      expect(await close()).toBeUndefined();
      const end = (FIRST_DAY + 4) * 24 * HOUR_MS + 6 * HOUR_MS;
      world.now = end - 1;
      await expect(finish()).rejects.toMatchObject({
        code: 'not_dead',
        message: expect.stringMatching(/can be until /),
      });
      expect((await held())?.minting).toBe(points(7));
      world.now = end;
      await finish();
      expect(await held()).toEqual(BACK);
      expect((await world.epochs.get(FIRST_DAY)).state).toBe('cancelled');
    },
  );
});
