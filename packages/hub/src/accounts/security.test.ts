import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import {
  ANN,
  BOB,
  claim,
  codeOf,
  nextCodeOf,
  OTHER,
  PASSWORD,
  signIn,
  signUp,
  type World,
} from './people.fixture.ts';
import { openAccounts } from './visitor.fixture.ts';

describe('one’s own security', { timeout: 60_000 }, () => {
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

  it('changes the password, and signs the others out', async () => {
    const here = await signUp(world, ANN);
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
    const ann = await signUp(world, ANN);
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
      expect((await ann.post(`/settings/security/${path}`, fields)).status, path).toBeGreaterThanOrEqual(404);
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
    const [ann, bob] = [await signUp(world, ANN), await signUp(world, BOB)];
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
