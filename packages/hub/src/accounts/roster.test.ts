import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { openAccounts, type Visitor } from './visitor.fixture.ts';

const ADMIN = 'admin@stoa.local';
const ANN = 'ann@stoa.example';

describe('the roster', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: Awaited<ReturnType<typeof openAccounts>>;
  let admin: Visitor;

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate admin_links, users, auth_rate_limits cascade`;
    world = await openAccounts(database);
    admin = world.visitor();
    await admin.followLink((await world.accounts.firstLoginLink())!);
  });

  /** Ann signed in, with the tier. */
  async function withTier(tier: string): Promise<Visitor> {
    const visitor = world.visitor();
    await visitor.followLink(await world.accounts.createLoginLink(ANN));
    await database.sql`update users set tier = ${tier} where email = ${ANN}`;
    world.accounts.sessions.forget();
    return visitor;
  }

  const tierOf = async (email: string) =>
    (await database.sql<{ tier: string }[]>`select tier from users where email = ${email}`)[0]?.tier;

  it('is read by Modern Admins, changed by Ancient ones, and not there for others', async () => {
    for (const [tier, read] of [
      ['operator', 404],
      ['baron', 404],
      ['modern', 200],
      ['ancient', 200],
    ] as const) {
      const ann = await withTier(tier);
      const page = await ann.get(`/o/${ANN}/admin/accounts`);
      expect([tier, page.status]).toEqual([tier, read]);
      if (tier === 'modern') expect(await page.text()).not.toContain('admin/accounts/invite');
      if (tier === 'ancient') continue;
      for (const [path, form] of [
        ['tier', { email: ANN, tier: 'ancient' }],
        ['invite', { email: 'new@stoa.example', tier: 'operator' }],
        ['act', { email: ANN, act: 'disable' }],
      ] as const)
        expect((await ann.post(`/admin/accounts/${path}`, form)).status).toBe(404);
      expect(await tierOf(ANN)).toBe(tier);
    }
  });

  it('lets a Modern Admin take another one back to Operator, and nothing else', async () => {
    const other = 'bob@stoa.example';
    await world.visitor().followLink(await world.accounts.createLoginLink(other));
    const ann = await withTier('modern');
    const setTier = async (from: string, to: string) => {
      await database.sql`update users set tier = ${from} where email = ${other}`;
      return (await ann.post('/admin/accounts/tier', { email: other, tier: to })).status;
    };
    for (const [from, to] of [
      ['operator', 'modern'],
      ['modern', 'ancient'],
      ['modern', 'baron'],
      ['ancient', 'operator'],
      ['baron', 'operator'],
    ] as const) {
      expect([from, to, await setTier(from, to)]).toEqual([from, to, 404]);
      expect(await tierOf(other)).toBe(from);
    }
    expect(await setTier('modern', 'operator')).toBe(303);
    expect(await tierOf(other)).toBe('operator');
  });

  it('invites by a link that makes the account its holder’s', async () => {
    const answer = await admin.post('/admin/accounts/invite', { email: ' Ann@Stoa.example', tier: 'baron' });
    expect(answer.status).toBe(200);
    expect(world.mails.at(-1)).toMatchObject({ to: ANN, subject: 'You are invited' });
    const token = /\/reset\/([\w-]+)/.exec(world.mails.at(-1)!.text)![1]!;
    const password = 'a stoa has ten columns';
    const ann = world.visitor();
    expect((await ann.post('/reset', { token, password })).status).toBe(303);
    await ann.post('/sign-in/password', { email: ANN, password });
    expect(await ann.who()).toMatchObject({ email: ANN, tier: 'baron' });
    expect((await admin.post('/admin/accounts/invite', { email: ANN, tier: 'baron' })).status).toBe(422);
    expect(world.acts).toContainEqual(
      expect.objectContaining({ actor: ADMIN, act: 'account.invite', subject: ANN, owner: ANN }),
    );
  });

  it('changes tiers at once, by who is there only', async () => {
    const ann = await withTier('operator');
    const change = (tier: string) => admin.post('/admin/accounts/tier', { email: ANN, tier });
    expect((await change('modern')).status).toBe(303);
    expect(await ann.who()).toMatchObject({ tier: 'modern' });
    expect((await change('emperor')).status).toBe(422);
    expect(
      (await admin.post('/admin/accounts/tier', { email: 'ghost@stoa.example', tier: 'modern' })).status,
    ).toBe(404);
    world.clock.ahead += 6 * 60_000;
    expect((await change('ancient')).status).toBe(403);
    expect(await tierOf(ANN)).toBe('modern');
    expect(world.acts.find(({ act }) => act === 'account.tier')).toMatchObject({
      detail: { from: 'operator', to: 'modern' },
    });
  });

  it('disables an account: its sessions end, and no way leads in', async () => {
    const ann = await withTier('operator');
    const act = (name: string) => admin.post('/admin/accounts/act', { email: ANN, act: name });
    expect((await act('disable')).status).toBe(303);
    expect(await ann.who()).toBe(401);
    await ann.followLink(await world.accounts.createLoginLink(ANN));
    expect(await ann.who()).toBe(401);
    expect(await world.accounts.holderOf(ANN)).toBeUndefined();
    expect((await act('enable')).status).toBe(303);
    await ann.followLink(await world.accounts.createLoginLink(ANN));
    expect(await ann.who()).toMatchObject({ email: ANN });
    expect((await act('end-sessions')).status).toBe(303);
    expect(await ann.who()).toBe(401);
  });

  it('never leaves the hub without an Ancient Admin, even if two go at once', async () => {
    const demote = (email: string) => admin.post('/admin/accounts/tier', { email, tier: 'operator' });
    expect((await demote(ADMIN)).status).toBe(409);
    expect((await admin.post('/admin/accounts/act', { email: ADMIN, act: 'disable' })).status).toBe(409);
    await withTier('ancient');
    const answers = await Promise.all([demote(ADMIN), demote(ANN)]);
    expect(answers.map(({ status }) => status).sort()).not.toEqual([303, 303]);
    const left = await database.sql`select 1 from users where tier = 'ancient'`;
    expect(left.length).toBeGreaterThan(0);
  });
});
