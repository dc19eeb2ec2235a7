import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { openAccounts, type Visitor } from './visitor.fixture.ts';

const PASSWORD = 'a stoa has ten columns';
const OTHER = 'an agora has many more';
const ANN = 'ann@stoa.example';
const BOB = 'bob@stoa.example';

type World = Awaited<ReturnType<typeof openAccounts>>;

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

  /** The first admin comes, as after a first start. */
  async function claim({ accounts, visitor }: World): Promise<Visitor> {
    const admin = visitor();
    await admin.followLink((await accounts.firstLoginLink())!);
    return admin;
  }

  const linkIn = (text: string) => new URL(/https?:\/\/\S+/.exec(text)![0]).pathname;
  const tokenIn = (text: string) => linkIn(text).split('/').at(-1)!;

  async function signUp(email: string, visitor = world.visitor()): Promise<Visitor> {
    await visitor.post('/sign-up', { email });
    await world.accounts.idle();
    // From an address of its own: what a test counts is left alone.
    const here = world.address.of;
    world.address.of = '2001:db8::1';
    await visitor.post('/reset', { token: tokenIn(world.mails.at(-1)!.text), password: PASSWORD });
    await signIn(visitor, email);
    world.address.of = here;
    return visitor;
  }

  const signIn = (visitor: Visitor, email: string, password = PASSWORD, next = '') =>
    visitor.post('/sign-in/password', { email, password, next });

  /** RFC 6238, as an authenticator app does it. */
  function codeOf(secret: string, at = Date.now()): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
    const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
    const hash = createHmac('sha1', key).update(counter).digest();
    const offset = hash[19]! & 15;
    return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  }

  /** Not that of the enrolment, which is used. */
  const nextCodeOf = (secret: string) => codeOf(secret, Date.now() + 30_000);

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
    // A password that an unconfirmed account has from elsewhere goes with the first one that its holder chooses.
    const [{ id }] = (await database.sql`select id from users where email = ${ANN}`) as [{ id: string }];
    await world.accounts.setFirstPassword({ accountId: id, email: ANN }, OTHER);
    expect((await signIn(attacker, ANN, OTHER)).status).toBe(401);
    const ann = await signUp(ANN);
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
    await signUp(ANN);
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
    await signUp(ANN);
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
    await signUp(ANN);
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '/o/x//evil.example']) {
      const answer = await signIn(world.visitor(), ANN, PASSWORD, next);
      expect([next, answer.headers.get('location')]).toEqual([next, '/fleet']);
    }
  });

  it('F: ten thousand bad logins end after a few, from one address or from many', async () => {
    await signUp(ANN);
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
    const visitor = await signUp(ANN);
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
    await signUp(ANN);
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
    const visitor = await signUp(ANN);
    await signUp(BOB, visitor);
    expect(await visitor.who(`/o/${ANN}`)).toMatchObject({ email: ANN });
    expect(await visitor.who(`/o/${BOB}`)).toMatchObject({ email: BOB });
  });

  it('confirms presence by the password, and the session before it is over', async () => {
    const visitor = await signUp(ANN);
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

  describe('with a second step', () => {
    async function enrol(visitor: Visitor): Promise<{ secret: string; codes: string[] }> {
      const page = await (
        await visitor.post('/settings/security/totp/start', { 'password-start': PASSWORD })
      ).text();
      const secret = /<code>([A-Z2-7]{16,})<\/code>/.exec(page)![1]!;
      const codes = [...page.matchAll(/<code>(\w{5}-\w{5})<\/code>/g)].map(([, code]) => code!);
      const answer = await visitor.post('/settings/security/totp/verify', { code: codeOf(secret) });
      expect(answer.status).toBe(303);
      return { secret, codes };
    }

    it('asks for a code after the password, and takes a recovery code once', async () => {
      const owner = await signUp(ANN);
      expect((await owner.post('/settings/security/totp/start', { 'password-start': 'wrong' })).status).toBe(
        422,
      );
      const { secret, codes } = await enrol(owner);
      expect(codes).toHaveLength(10);
      expect(await owner.who()).toMatchObject({ email: ANN });
      const visitor = world.visitor();
      const first = await signIn(visitor, ANN, PASSWORD, '/nodes');
      expect(first.headers.get('location')).toBe('/sign-in/code?next=%2Fnodes');
      expect(await visitor.who()).toBe(401);
      expect((await visitor.post('/sign-in/code', { code: '000000' })).status).toBe(401);
      const second = await visitor.post('/sign-in/code', { code: nextCodeOf(secret), next: '/nodes' });
      expect([second.headers.get('location'), await visitor.who()]).toEqual([
        '/nodes',
        expect.objectContaining({ email: ANN }),
      ]);
      world.address.of = '203.0.113.9';
      for (const expected of [303, 401]) {
        const lost = world.visitor();
        await signIn(lost, ANN);
        expect((await lost.post('/sign-in/code', { code: codes[0]! })).status).toBe(expected);
      }
      const dump = await database.sql`select t::text as row from user_two_factors t`;
      expect(JSON.stringify(dump)).not.toContain(secret);
      expect(JSON.stringify(dump)).not.toContain(codes[1]);
    });

    it('takes a code once, at whatever instance', async () => {
      const { secret } = await enrol(await signUp(ANN));
      const elsewhere = await openAccounts(database);
      const code = nextCodeOf(secret);
      const visitors = [world.visitor(), elsewhere.visitor(), world.visitor(), elsewhere.visitor()];
      for (const visitor of visitors) await signIn(visitor, ANN);
      const answers = await Promise.all(visitors.map((each) => each.post('/sign-in/code', { code })));
      expect(answers.map(({ status }) => status).sort()).toEqual([303, 401, 401, 401]);
      const known = await Promise.all(visitors.map((each) => each.who()));
      expect(known.filter((who) => who !== 401)).toHaveLength(1);
      // Nor is the one that turned the second step on.
      const late = world.visitor();
      await signIn(late, ANN);
      expect((await late.post('/sign-in/code', { code: codeOf(secret) })).status).toBe(401);
    });

    it('ends the attempt after five wrong codes, and without a password there is none', async () => {
      const { secret } = await enrol(await signUp(ANN));
      const stranger = world.visitor();
      expect((await stranger.post('/sign-in/code', { code: codeOf(secret) })).status).toBe(401);
      const visitor = world.visitor();
      await signIn(visitor, ANN);
      for (let i = 0; i < 6; i += 1) await visitor.post('/sign-in/code', { code: `00000${i}` });
      expect((await visitor.post('/sign-in/code', { code: nextCodeOf(secret) })).status).toBe(401);
      expect(await visitor.who()).toBe(401);
    });

    it('is asked for in a browser where another account is signed in', async () => {
      const { secret } = await enrol(await signUp(ANN));
      const visitor = await signUp(BOB);
      await signIn(visitor, ANN);
      expect(await visitor.who(`/o/${ANN}`)).toBe(404);
      await visitor.post('/sign-in/code', { code: nextCodeOf(secret) });
      expect(await visitor.who(`/o/${ANN}`)).toMatchObject({ email: ANN });
      expect(await visitor.who(`/o/${BOB}`)).toMatchObject({ email: BOB });
    });

    it('is turned off by the password only', async () => {
      const owner = await signUp(ANN);
      await enrol(owner);
      expect((await owner.post('/settings/security/totp/off', { 'password-off': 'wrong' })).status).toBe(422);
      expect((await owner.post('/settings/security/totp/off', { 'password-off': PASSWORD })).status).toBe(
        303,
      );
      expect((await signIn(world.visitor(), ANN)).headers.get('location')).toBe('/fleet');
    });
  });

  describe('one’s own security', () => {
    it('changes the password, and signs the others out', async () => {
      const here = await signUp(ANN);
      const there = world.visitor();
      await signIn(there, ANN);
      const change = (current: string) =>
        here.post('/settings/security/password', { current, password: OTHER });
      expect((await change('wrong')).status).toBe(422);
      expect((await change(PASSWORD)).status).toBe(303);
      expect([await here.who(), await there.who()]).toEqual([expect.objectContaining({ email: ANN }), 401]);
      expect(world.acts.map(({ act }) => act)).toContain('account.password_change');
      // However a session came to be, the table holds no token of it.
      const stored = JSON.stringify(await database.sql`select token from user_sessions`);
      for (const cookie of here.cookies.values())
        expect(stored).not.toContain(decodeURIComponent(cookie).split('.')[0]);
    });

    it('sets a first password only right after a link', async () => {
      const admin = world.visitor();
      await admin.followLink(await world.accounts.createLoginLink('admin@stoa.local'));
      world.clock.ahead += 6 * 60_000;
      const set = () => admin.post('/settings/security/password', { password: PASSWORD });
      expect((await set()).status).toBe(403);
      world.clock.ahead = 0;
      expect((await set()).status).toBe(303);
      expect((await signIn(world.visitor(), 'admin@stoa.local')).headers.get('location')).toBe('/fleet');
    });

    it('does nothing that cannot be written down, and writes down nothing that was refused', async () => {
      const ann = await signUp(ANN);
      const there = world.visitor();
      await signIn(there, ANN);
      const totp = async () => {
        const page = await (
          await ann.post('/settings/security/totp/start', { 'password-start': PASSWORD })
        ).text();
        return /<code>([A-Z2-7]{16,})<\/code>/.exec(page)![1]!;
      };
      const secret = await totp();
      const [{ id }] = (await database.sql`select id from users where email = ${ANN}`) as [{ id: string }];
      const [{ other }] = (await database.sql`
        select max(id) as other from user_sessions where user_id = ${id}`) as [{ other: string }];
      const token = await world.accounts.createResetToken(id, 60_000);
      world.acts.splice(0);
      for (const [path, fields] of [
        ['password', { current: 'wrong', password: OTHER }],
        ['totp/verify', { code: '000000' }],
        ['totp/codes', { 'password-codes': 'wrong' }],
        ['totp/off', { 'password-off': 'wrong' }],
        ['passkeys/nonsense/remove', {}],
        ['sessions/nonsense/end', {}],
      ] as const)
        expect((await ann.post(`/settings/security/${path}`, fields)).status, path).toBeGreaterThanOrEqual(
          404,
        );
      await ann.post('/reset', { token: 'nonsense', password: OTHER });
      expect(world.acts).toEqual([]);

      world.failing.audit = true;
      const state = () =>
        database.sql`select (select json_agg(c order by id) from user_credentials c) as credentials,
          (select json_agg(s order by id) from user_sessions s) as sessions,
          (select json_agg(u order by id) from users u) as users,
          (select json_agg(f.verified order by id) from user_two_factors f) as factors`;
      const before = await state();
      for (const [path, fields] of [
        ['password', { current: PASSWORD, password: OTHER }],
        ['totp/verify', { code: codeOf(secret) }],
        ['sessions/end-others', {}],
        [`sessions/${other}/end`, {}],
      ] as const)
        expect((await ann.post(`/settings/security/${path}`, fields)).status, path).toBe(500);
      expect((await world.visitor().post('/reset', { token, password: OTHER })).status).toBe(500);
      expect(await state()).toEqual(before);
      world.failing.audit = false;

      await ann.post('/settings/security/totp/verify', { code: nextCodeOf(secret) });
      await ann.post('/settings/security/totp/verify', { code: nextCodeOf(secret) });
      await ann.post('/settings/security/totp/codes', { 'password-codes': PASSWORD });
      await ann.post('/settings/security/totp/off', { 'password-off': PASSWORD });
      await ann.post('/settings/security/password', { current: PASSWORD, password: OTHER });
      await world.visitor().post('/reset', { token, password: PASSWORD });
      expect(world.acts.map(({ act }) => act)).toEqual([
        'account.second_step_on',
        'account.recovery_codes',
        'account.second_step_off',
        'account.password_change',
        'account.password_reset',
      ]);
    });

    it('ends sessions of one’s own, and of nobody else', async () => {
      const [ann, bob] = [await signUp(ANN), await signUp(BOB)];
      const there = world.visitor();
      await signIn(there, ANN);
      const sessions = await database.sql<{ id: string; email: string }[]>`
        select s.id, u.email from user_sessions s join users u on u.id = s.user_id`;
      const ofBob = sessions.find(({ email }) => email === BOB)!.id;
      expect((await ann.post(`/settings/security/sessions/${ofBob}/end`, {})).status).toBe(404);
      expect((await ann.post('/settings/security/sessions/end-others', {})).status).toBe(303);
      expect([await ann.who(), await there.who(), await bob.who()]).toEqual([
        expect.objectContaining({ email: ANN }),
        401,
        expect.objectContaining({ email: BOB }),
      ]);
    });
  });
});
