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
      const { world, put, close, finish, held } = await givenUp();
      await put('open', 'settled');
      await close();
      await put('close', 'settled');
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
    const { put, close, finish, held } = await givenUp();
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
