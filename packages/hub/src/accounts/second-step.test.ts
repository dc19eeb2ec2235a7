import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import {
  ANN,
  BOB,
  claim,
  codeOf,
  nextCodeOf,
  PASSWORD,
  signIn,
  signUp,
  type World,
} from './people.fixture.ts';
import { openAccounts, type Visitor } from './visitor.fixture.ts';

describe('a second step', { timeout: 60_000 }, () => {
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
    const owner = await signUp(world, ANN);
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
    const { secret } = await enrol(await signUp(world, ANN));
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
    const { secret } = await enrol(await signUp(world, ANN));
    const stranger = world.visitor();
    expect((await stranger.post('/sign-in/code', { code: codeOf(secret) })).status).toBe(401);
    const visitor = world.visitor();
    await signIn(visitor, ANN);
    for (let i = 0; i < 6; i += 1) await visitor.post('/sign-in/code', { code: `00000${i}` });
    expect((await visitor.post('/sign-in/code', { code: nextCodeOf(secret) })).status).toBe(401);
    expect(await visitor.who()).toBe(401);
  });

  it('is asked for in a browser where another account is signed in', async () => {
    const { secret } = await enrol(await signUp(world, ANN));
    const visitor = await signUp(world, BOB);
    await signIn(visitor, ANN);
    expect(await visitor.who(`/o/${ANN}`)).toBe(404);
    await visitor.post('/sign-in/code', { code: nextCodeOf(secret) });
    expect(await visitor.who(`/o/${ANN}`)).toMatchObject({ email: ANN });
    expect(await visitor.who(`/o/${BOB}`)).toMatchObject({ email: BOB });
  });

  it('is turned off by the password only', async () => {
    const owner = await signUp(world, ANN);
    await enrol(owner);
    expect((await owner.post('/settings/security/totp/off', { 'password-off': 'wrong' })).status).toBe(422);
    expect((await owner.post('/settings/security/totp/off', { 'password-off': PASSWORD })).status).toBe(303);
    expect((await signIn(world.visitor(), ANN)).headers.get('location')).toBe('/fleet');
  });
});
