import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { Move } from './batch-state.ts';
import { Intervention } from './intervention.ts';
import { FIRST_DAY, MintWorld, points, unfenced } from './mint-world.fixture.ts';

describe('a person over a day', () => {
  let database: DbAdapter;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());

  async function cut() {
    const world = await MintWorld.open(database.sql);
    for (let i = 0; i < 3; i += 1) await world.account(i, { proven: true });
    await world.earn(new Map([0, 1, 2].map((i) => [i, points(3 + i)])));
    await world.day(FIRST_DAY);
    await world.seat();
    await world.cut.make(FIRST_DAY, unfenced);
    const person = new Intervention(world);
    const [batch] = (await world.batches.ofEpoch(FIRST_DAY)).filter(({ kind }) => kind === 'mint');
    const stop = (to: Move) =>
      world.sql.begin((tx) => world.batches.move(tx, batch!, { to, now: world.now }));
    const now = async () =>
      (await world.batches.ofEpoch(FIRST_DAY)).find(
        (one) => one.kind === 'mint' && one.chain === batch!.chain,
      );
    const resume = () => world.sql.begin((tx) => person.resume(tx, FIRST_DAY));
    const cancel = () => world.sql.begin((tx) => person.cancel(tx, FIRST_DAY));
    return { world, stop, now, resume, cancel };
  }

  it('lets what failed go on with its next attempt, and finds nothing to resume then', async () => {
    const { stop, now, resume } = await cut();
    await stop({ state: 'stopped', attempt: 0, reason: 'failed' });
    expect(await resume()).toEqual({ transactions: 1, left: 0 });
    expect(await now()).toMatchObject({ state: 'planned', attempt: 1, reason: '' });
    await expect(resume()).rejects.toMatchObject({
      code: 'not_resumable',
      message: expect.stringContaining('is running: nothing of it is stopped'),
    });
  });

  it('says of a day that nobody cut that nobody did', async () => {
    const { world } = await cut();
    const person = new Intervention(world);
    const resume = world.sql.begin((tx) => person.resume(tx, FIRST_DAY + 9));
    await expect(resume).rejects.toThrow('was not cut');
    const cancel = world.sql.begin((tx) => person.cancel(tx, FIRST_DAY + 9));
    await expect(cancel).rejects.toThrow('was not cut');
  });

  it('lets an enrolment whose attempts are spent begin five more, with what failed: nothing else frees its chain', async () => {
    const { world, stop, now, resume } = await cut();
    await stop({ state: 'stopped', attempt: 1, reason: 'failed' });
    await world.sql`insert into mint_batches
      (kind, epoch, chain, part, size, digest, model_gas, gas_limit, state, attempt, reason, since)
      values ('enrol', 0, 9, 0, 1, 'd', 1, 1, 'stopped', 4, 'attempts_spent', now())`;
    expect(await resume()).toEqual({ transactions: 2, left: 0 });
    expect(await now()).toMatchObject({ state: 'planned', attempt: 2 });
    const enrolment = async () => (await world.batches.open(9)).find(({ kind }) => kind === 'enrol');
    expect(await enrolment()).toMatchObject({ state: 'planned', attempt: 5, digest: 'd' });
    await world.sql`update mint_batches set state = 'stopped', attempt = 99, reason = 'attempts_spent' where kind = 'enrol'`;
    await expect(resume()).rejects.toMatchObject({
      code: 'not_resumable',
      message: expect.stringContaining('enrol 0 on chain 9'),
    });
  });

  it('resumes an enrolment from a day that is over, of which nothing else goes on', async () => {
    const { world, stop, now, resume } = await cut();
    await stop({ state: 'stopped', attempt: 1, reason: 'failed' });
    await world.sql`update mint_epochs set state = 'cancelled', ended_at = now()`;
    await expect(resume()).rejects.toMatchObject({ code: 'not_resumable' });
    await world.sql`insert into mint_batches
      (kind, epoch, chain, part, size, digest, model_gas, gas_limit, state, attempt, reason, since)
      values ('enrol', 0, 9, 0, 1, 'd', 1, 1, 'stopped', 4, 'attempts_spent', now())`;
    expect(await resume()).toEqual({ transactions: 1, left: 0 });
    expect((await now())?.state).toBe('stopped');
  });

  it('resumes nothing where its attempts are spent: the day can only be given up, once', async () => {
    const { world, stop, now, resume, cancel } = await cut();
    await stop({ state: 'stopped', attempt: 4, reason: 'attempts_spent' });
    await expect(resume()).rejects.toMatchObject({ code: 'not_resumable' });
    expect((await now())?.state).toBe('stopped');
    await cancel();
    expect((await world.epochs.get(FIRST_DAY)).state).toBe('cancelling');
    await expect(cancel()).rejects.toMatchObject({ code: 'not_running' });
  });
});
