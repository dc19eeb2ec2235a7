import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import {
  ANN,
  BOB,
  claim,
  linkIn,
  OTHER,
  PASSWORD,
  signIn,
  signUp,
  tokenIn,
  type World,
} from './people.fixture.ts';
import { openAccounts } from './visitor.fixture.ts';

describe('signing in', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: World;

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate admin_links, users, auth_rate_limits, user_verifications cascade`;
    world = await openAccounts(database);
    await claim(world);
  });

  it('makes an account for who reads the mail, as an Operator', async () => {
    const visitor = world.visitor();
    const answer = await visitor.post('/sign-up', { email: ` ${ANN.toUpperCase()} ` });
    expect([answer.status, await visitor.who()]).toEqual([200, 401]);
    await world.accounts.idle();
    expect(world.mails.map(({ to }) => to)).toEqual([ANN]);
    const link = linkIn(world.mails[0]!.text);
    // A scanner that opens it uses nothing up, and signs nobody in.
    const scanner = world.visitor();
    expect([(await scanner.get(link)).status, await scanner.who()]).toEqual([200, 401]);
    expect((await signIn(world.visitor(), ANN)).status).toBe(401);
    await visitor.post('/reset', { token: tokenIn(world.mails[0]!.text), password: PASSWORD });
    expect((await signIn(visitor, ANN)).headers.get('location')).toBe('/fleet');
    expect(await visitor.who()).toMatchObject({ email: ANN, tier: 'operator' });
  });

  it('leaves who signed up with the e-mail of another no way in', async () => {
    const attacker = world.visitor();
    await attacker.post('/sign-up', { email: ANN, password: OTHER });
    await attacker.post('/sign-up', { email: ANN });
    await world.accounts.idle();
    // A password that an unconfirmed account has from elsewhere goes with the first one that its holder chooses.
    const [{ id }] = (await database.sql`select id from users where email = ${ANN}`) as [{ id: string }];
    await world.accounts.setFirstPassword({ accountId: id, email: ANN }, OTHER);
    expect((await signIn(attacker, ANN, OTHER)).status).toBe(401);
    const ann = await signUp(world, ANN);
    expect(await ann.who()).toMatchObject({ email: ANN });
    expect((await signIn(attacker, ANN, OTHER)).status).toBe(401);
    expect(await attacker.who()).toBe(401);
  });

  it('lets nobody sign up before the first admin came, nor where it is closed', async () => {
    await database.sql`truncate admin_links, users cascade`;
    const fresh = await openAccounts(database);
    expect((await fresh.visitor().post('/sign-up', { email: ANN })).status).toBe(403);
    await claim(fresh);
    const closed = await openAccounts(database, { signUp: 'closed' });
    expect((await closed.visitor().post('/sign-up', { email: ANN })).status).toBe(403);
    await closed.accounts.idle();
    expect([...fresh.mails, ...closed.mails]).toEqual([]);
  });

  it('takes no tier, no confirmation and nothing else from the form', async () => {
    for (const more of [{ tier: 'ancient' }, { emailVerified: 'true' }, { id: 'x' }]) {
      const answer = await world.visitor().post('/sign-up', { email: ANN, ...more });
      expect(answer.status).toBe(422);
    }
    for (const fields of [
      { email: 'nobody' },
      { email: `${'a'.repeat(250)}@x.example` },
      { email: ANN, password: PASSWORD },
      {},
    ] as Record<string, string>[])
      expect((await world.visitor().post('/sign-up', fields)).status).toBe(422);
    for (const password of ['', 'short', 'x'.repeat(129)])
      expect((await world.visitor().post('/reset', { token: 'x', password })).status).toBe(422);
  });

  it('tells nobody who has an account: by sign-up, sign-in or reset', async () => {
    await signUp(world, ANN);
    world.mails.splice(0);
    let strangers = 0;
    const texts = async (send: (email: string) => Promise<Response>) => {
      strangers += 1;
      const stranger = `stranger${strangers}@stoa.example`;
      const [known, unknown] = [await send(ANN), await send(stranger)];
      return [
        [known.status, (await known.text()).replaceAll(ANN, 'X')],
        [unknown.status, (await unknown.text()).replaceAll(stranger, 'X')],
      ] as const;
    };
    for (const send of [
      (email: string) => world.visitor().post('/sign-up', { email }),
      (email: string) => signIn(world.visitor(), email, 'not the password'),
      (email: string) => world.visitor().post('/forgot', { email }),
    ]) {
      const [known, unknown] = await texts(send);
      expect(known).toEqual(unknown);
    }
    await world.accounts.idle();
    expect(world.mails.map(({ to, subject }) => [to, subject]).sort()).toEqual([
      [ANN, 'Choose a new password'],
      [ANN, 'You have an account already'],
      ['stranger1@stoa.example', 'Make your account'],
    ]);
  });

  it('takes as long for an account as for none', async () => {
    await signUp(world, ANN);
    const measure = async (email: string) => {
      const from = performance.now();
      world.address.of = `203.0.113.${Math.floor(Math.random() * 200)}`;
      await signIn(world.visitor(), email, 'not the password');
      return performance.now() - from;
    };
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let i = 0; i < 7; i += 1) {
      times.known.push(await measure(ANN));
      times.unknown.push(await measure(BOB));
    }
    const median = (values: number[]) => values.sort((a, b) => a - b)[3]!;
    const ratio = median(times.known) / median(times.unknown);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it('leads nobody off this hub', async () => {
    await signUp(world, ANN);
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '/o/x//evil.example']) {
      const answer = await signIn(world.visitor(), ANN, PASSWORD, next);
      expect([next, answer.headers.get('location')]).toEqual([next, '/fleet']);
    }
  });

  it('F: ten thousand bad logins end after a few, from one address or from many', async () => {
    await signUp(world, ANN);
    const statuses: number[] = [];
    for (let i = 0; i < 12; i += 1)
      statuses.push((await signIn(world.visitor(), `x${i}@stoa.example`, 'bad')).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    // From a botnet, against one account.
    const tries: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      world.address.of = `198.51.100.${i}`;
      tries.push((await signIn(world.visitor(), ANN, 'bad')).status);
    }
    expect(tries.filter((status) => status === 401)).toHaveLength(20);
    expect(tries.slice(20).every((status) => status === 429)).toBe(true);
    // The same answer for one that is not there; and it passes.
    const ghost: number[] = [];
    for (let i = 0; i < 22; i += 1) {
      world.address.of = `192.0.2.${i}`;
      ghost.push((await signIn(world.visitor(), 'ghost@stoa.example', 'bad')).status);
    }
    expect(ghost).toEqual([...Array(20).fill(401), 429, 429]);
    world.clock.ahead += 16 * 60_000;
    expect((await signIn(world.visitor(), ANN)).headers.get('location')).toBe('/fleet');
  });

  it('bounds the mail that one address makes it send', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 25; i += 1)
      statuses.push((await world.visitor().post('/forgot', { email: `x${i}@stoa.example` })).status);
    await world.accounts.idle();
    expect(statuses.indexOf(429)).toBe(20);
  });

  it('changes a forgotten password once, and ends all sessions', async () => {
    const visitor = await signUp(world, ANN);
    await world.visitor().post('/forgot', { email: ANN });
    await world.accounts.idle();
    const link = linkIn(world.mails.at(-1)!.text);
    const token = link.split('/').at(-1)!;
    expect((await world.visitor().get(link)).status).toBe(200);
    const answer = await world.visitor().post('/reset', { token, password: OTHER });
    expect(answer.headers.get('location')).toBe('/sign-in?told=reset&add');
    expect((await world.visitor().post('/reset', { token, password: 'and yet another one' })).status).toBe(
      400,
    );
    expect(await visitor.who()).toBe(401);
    expect((await signIn(world.visitor(), ANN)).status).toBe(401);
    expect((await signIn(world.visitor(), ANN, OTHER)).headers.get('location')).toBe('/fleet');
    for (const bad of ['', 'x', 'A'.repeat(43), '../../x'])
      expect((await world.visitor().post('/reset', { token: bad, password: OTHER })).status).toBe(400);
  });

  it('lets one reset of five at once win', async () => {
    await signUp(world, ANN);
    const [user] = await database.sql<{ id: string }[]>`select id from users where email = ${ANN}`;
    const token = await world.accounts.createResetToken(user!.id, 60_000);
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        world.visitor().post('/reset', { token, password: `${OTHER} ${i}` }),
      ),
    );
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
  });

  it('adds a second account to a browser without touching the first', async () => {
    const visitor = await signUp(world, ANN);
    await signUp(world, BOB, visitor);
    expect(await visitor.who(`/o/${ANN}`)).toMatchObject({ email: ANN });
    expect(await visitor.who(`/o/${BOB}`)).toMatchObject({ email: BOB });
  });

  it('confirms presence by the password, and the session before it is over', async () => {
    const visitor = await signUp(world, ANN);
    const old = new Map(visitor.cookies);
    world.clock.ahead += 10 * 60_000;
    const { confirmedAt } = (await visitor.who()) as { confirmedAt: number };
    expect((await visitor.post(`/o/${ANN}/confirm`, { password: 'wrong', next: '/nodes' })).status).toBe(401);
    const answer = await visitor.post(`/o/${ANN}/confirm`, { password: PASSWORD, next: `/o/${ANN}/nodes` });
    expect(answer.headers.get('location')).toBe(`/o/${ANN}/nodes`);
    expect(await visitor.who()).toMatchObject({ email: ANN });
    expect(((await visitor.who()) as { confirmedAt: number }).confirmedAt).toBeGreaterThan(confirmedAt);
    const thief = world.visitor();
    for (const [name, value] of old) thief.cookies.set(name, value);
    expect(await thief.who()).toBe(401);
  });
});
