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

/** Bad logins under way together. */
const AT_ONCE = 40;

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

  it('F: ten thousand bad logins end after a few, from one address or from many, however many come at once', async () => {
    await signUp(world, ANN);
    /** Statuses and how often each came. 401: a password was hashed, which is what costs. */
    const counted = (answers: readonly Response[]) =>
      Object.fromEntries(
        [...Map.groupBy(answers, ({ status }) => status)].map(([status, of]) => [status, of.length]),
      );
    const bad = (email: string, address: string) => {
      world.address.of = address;
      return signIn(world.visitor(), email, 'bad');
    };
    const one = (i: number) => bad(`x${i}@stoa.example`, '203.0.113.9');
    const atOnce = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => one(i)));
    expect(counted(atOnce)).toEqual({ 401: 10, 429: 30 });
    // From a botnet, against one account; the same answer for one that is not there.
    const GHOST = 'ghost@stoa.example';
    for (const email of [ANN, GHOST]) {
      // Eighteen by the limiter alone, without their hashes.
      for (let i = 0; i < 18; i += 1) await world.accounts.countTry(email);
      const tries: Response[] = [];
      for (let i = 0; i < 6; i += 1) tries.push(await bad(email, `198.51.100.${i}`));
      expect(tries.map(({ status }) => status)).toEqual([401, 401, 429, 429, 429, 429]);
    }
    // The rest of the ten thousand, as the limiter counts them: it says the same to the last.
    await database.sql`update auth_rate_limits set count = 9_999`;
    const last = [await one(0), await bad(ANN, '192.0.2.1'), await bad(GHOST, '192.0.2.2')];
    expect(counted(last)).toEqual({ 429: 3 });
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
