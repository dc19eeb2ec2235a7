import { randomBytes } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { AuditLog } from '#audit/index.ts';
import { Liveness, NodeListing, NodeReader } from '#nodes/index.ts';
import { recordOwnerChange } from '#payouts/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { MemoryProbeCache } from '#seams/probe-cache/index.ts';
import { systemClock } from '../clock.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import type { Tier } from '../viewer.ts';
import { sharingRoutes } from './routes.tsx';
import { ShareStore } from './share-store.ts';
import { Shares } from './shares.ts';
import { TransferStore } from './transfer-store.ts';
import { Transfers } from './transfers.ts';

const HOUR = 3_600_000;
const [ANN, BOB, CID, EVE] = ['ann@x.example', 'bob@x.example', 'cid@x.example', 'eve@x.example'];
const id = (digit: string) => digit.repeat(64);
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('sharing and transfer', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let transfers: Transfers;
  let mails: { to: string; subject: string }[] = [];
  let asking: { email: string; tier: Tier; ageMs: number };
  const clock = { time: 0, now: () => clock.time, after: () => () => {} };

  beforeAll(async () => {
    database = await openTemporary();
    ({ app, transfers } = open());
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    clock.time = Date.UTC(2026, 10, 25, 12, 30);
    mails = [];
    const { sql } = database;
    await sql`truncate nodes, audit_log cascade`;
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      select id, 'node-' || left(id, 1), ${ANN!}, 'eu', '\\x00'::bytea, '\\x00'::bytea, now()
      from unnest(${[id('a'), id('b')]}::text[]) as t(id)`;
  });

  function open() {
    const { sql } = database;
    const guard: MiddlewareHandler<HttpEnv> = async (c, next) => {
      const { email, tier, ageMs } = asking;
      c.set('viewer', { ...someViewer(email, tier), confirmedAt: clock.time - ageMs });
      await next();
    };
    const access = new NodeAccess({ sql });
    const audit = new AuditLog({ sql, clock });
    const store = new ShareStore(sql);
    const made = new Transfers({
      store: new TransferStore(sql),
      access,
      audit,
      clock,
      random: randomBytes,
      origin: 'https://hub.example',
      tell: (mail) => void mails.push(mail),
      moved: recordOwnerChange,
    });
    const hub: HubApp = new Hono<HttpEnv>();
    hub.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    sharingRoutes({
      guard,
      access,
      store,
      shares: new Shares({ store, access, audit, clock }),
      transfers: made,
      listing: new NodeListing({ sql, access, heads: { heads: () => [] }, clock: systemClock }),
      reader: new NodeReader({ sql, probes: new MemoryProbeCache({ clock, maxNodes: 1 }) }),
      liveness: new Liveness({ clock }),
      fingerprintOf: () => 'f00d',
    }).mount(hub);
    hub.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
    return { app: hub, transfers: made };
  }

  const as = (email: string | undefined, { tier = 'operator' as Tier, ageMs = 0 } = {}) => {
    asking = { email: email!, tier, ageMs };
    return {
      get: (path: string) => app.request(path),
      post: async (path: string, fields: Record<string, string> = {}) => {
        const body = new URLSearchParams(fields).toString();
        const answer = await app.request(path, { method: 'POST', headers: FORM, body });
        return answer.status === 303
          ? answer.headers.get('location')
          : `${answer.status} ${await answer.text()}`;
      },
    };
  };
  const ACCESS = `/nodes/${id('a')}/access`;
  const owners = async () =>
    (await database.sql`select owner || ' ' || owner_generation as line from nodes order by node_id`).map(
      (row) => row['line'],
    );
  const acts = async () =>
    (await database.sql`select act from audit_log order by seq`).map((row) => row['act']);
  const offerId = async () => {
    const [row] = await database.sql`select transfer_id from node_transfers where outcome is null`;
    return String(row!['transfer_id']);
  };

  it('lets the owner share with a colleague, change the role and take it back, each on record', async () => {
    expect(await as(BOB).post(`${ACCESS}/shares`, { email: BOB!, role: 'viewer' })).toBe('404 not_found');
    expect(await as(ANN).post(`${ACCESS}/shares`, { email: ' Bob@X.example', role: 'viewer' })).toBe(ACCESS);
    const page = await (await as(BOB).get(ACCESS)).text();
    expect(page).toContain('you are its viewer');
    expect(page).not.toContain('New owner');
    expect(await as(BOB).post(`${ACCESS}/shares`, { email: CID!, role: 'viewer' })).toBe('404 not_found');
    expect(await as(ANN).post(`${ACCESS}/shares`, { email: BOB!, role: 'operator' })).toBe(ACCESS);
    expect(await (await as(BOB).get(ACCESS)).text()).toContain('you are its operator');
    expect(await as(ANN).post(`${ACCESS}/shares/remove`, { email: BOB! })).toBe(ACCESS);
    expect((await as(BOB).get(ACCESS)).status).toBe(404);
    expect(await acts()).toEqual(['node.share', 'node.share', 'node.unshare']);
  });

  it('lets a colleague leave, and remove nobody else', async () => {
    await as(ANN).post(`${ACCESS}/shares`, { email: BOB!, role: 'operator' });
    await as(ANN).post(`${ACCESS}/shares`, { email: CID!, role: 'viewer' });
    expect(await as(BOB).post(`${ACCESS}/shares/remove`, { email: CID! })).toBe('404 not_found');
    expect(await as(BOB).post(`${ACCESS}/shares/remove`, { email: BOB! })).toBe('/nodes');
  });

  it('asks for a fresh proof before each of it', async () => {
    const stale = as(ANN, { ageMs: 6 * 60_000 });
    const fields = { email: BOB!, role: 'viewer' };
    expect(await stale.post(`${ACCESS}/shares`, fields)).toBe('403 confirm_first');
    expect(await stale.post(`${ACCESS}/transfer`, { email: BOB! })).toBe('403 confirm_first');
    expect(await stale.post('/transfers', { email: BOB! })).toBe('403 confirm_first');
    expect(await acts()).toEqual([]);
  });

  it('hands a node over at the next full hour after it was accepted, without those whom the giver let in', async () => {
    await as(ANN).post(`${ACCESS}/shares`, { email: CID!, role: 'operator' });
    expect(await as(ANN).post(`${ACCESS}/transfer`, { email: BOB! })).toBe(ACCESS);
    expect(await as(ANN).post(`${ACCESS}/transfer`, { email: CID! })).toBe('409 transfer_open');
    expect((await as(BOB).get(ACCESS)).status).toBe(404);
    expect(await (await as(BOB).get('/transfers')).text()).toContain('Accept');
    const path = `/transfers/${await offerId()}`;
    for (const email of [ANN, CID]) expect(await as(email).post(`${path}/accept`)).toBe('404 not_found');
    expect(await as(BOB, { ageMs: 6 * 60_000 }).post(`${path}/accept`)).toBe('403 confirm_first');
    expect(await as(BOB).post(`${path}/accept`)).toBe('/transfers');
    expect(await as(BOB).post(`${path}/accept`)).toBe('409 transfer_closed');
    expect(mails.map(({ to, subject }) => `${to}: ${subject}`)).toEqual([
      `${BOB}: ${ANN} offers you a node`,
      `${ANN}: ${BOB} accepted what you offered`,
    ]);
    clock.time = Date.UTC(2026, 10, 25, 12, 59, 59, 999);
    await transfers.tick();
    expect(await owners()).toEqual([`${ANN} 1`, `${ANN} 1`]);
    clock.time += 1;
    await Promise.all([transfers.tick(), transfers.tick()]);
    await transfers.tick();
    expect(await owners()).toEqual([`${BOB} 2`, `${ANN} 1`]);
    for (const email of [ANN, CID]) expect((await as(email).get(ACCESS)).status).toBe(404);
    expect(await (await as(BOB).get(ACCESS)).text()).toContain('you are its owner');
    const applied =
      await database.sql`select owner, detail->>'nodes' as nodes from audit_log where act = 'transfer.apply' order by seq`;
    expect(applied.map((row) => ({ ...row }))).toEqual([
      { owner: ANN, nodes: '1' },
      { owner: BOB, nodes: '1' },
    ]);
    const [change] = await database.sql`select from_owner, to_owner, from_hour from node_owner_changes`;
    const fromHour = Date.UTC(2026, 10, 25, 13) / HOUR;
    expect(change).toEqual({ from_owner: ANN, to_owner: BOB, from_hour: fromHour });
  });

  it('hands over all that an account owns by then', async () => {
    expect(await as(ANN).post('/transfers', { email: BOB! })).toBe('/transfers');
    expect(await (await as(ANN).get(ACCESS)).text()).toContain(`All nodes of ${ANN} are offered to ${BOB}`);
    await as(BOB).post(`/transfers/${await offerId()}/accept`);
    await database.sql`update nodes set owner = ${CID!} where node_id = ${id('b')}`;
    clock.time += HOUR;
    await transfers.tick();
    expect(await owners()).toEqual([`${BOB} 2`, `${CID} 1`]);
  });

  it('can be called off by both sides until it is in force, and by nobody else', async () => {
    for (const [email, outcome, tier] of [
      [ANN, 'cancelled', 'operator'],
      [BOB, 'declined', 'operator'],
      [EVE, 'cancelled', 'ancient'],
    ] as const) {
      await as(ANN).post(`${ACCESS}/transfer`, { email: BOB! });
      const path = `/transfers/${await offerId()}`;
      await as(BOB).post(`${path}/accept`);
      expect(await as(CID, { tier: 'modern' }).post(`${path}/end`)).toBe('404 not_found');
      expect(await as(email, { tier }).post(`${path}/end`)).toBe('/transfers');
      const [row] =
        await database.sql`select outcome from node_transfers order by ended_at desc, offered_at desc limit 1`;
      expect(row!['outcome']).toBe(outcome);
      clock.time += HOUR;
    }
    await transfers.tick();
    expect(await owners()).toEqual([`${ANN} 1`, `${ANN} 1`]);
  });

  it('ends after a week in which nobody took it', async () => {
    await as(ANN).post(`${ACCESS}/transfer`, { email: BOB! });
    const path = `/transfers/${await offerId()}`;
    clock.time += 7 * 24 * HOUR;
    expect(await as(BOB).post(`${path}/accept`)).toBe('409 transfer_closed');
    await transfers.tick();
    expect(await (await as(BOB).get('/transfers')).text()).toContain('expired');
    expect(await as(ANN).post(`${ACCESS}/transfer`, { email: BOB! })).toBe(ACCESS);
  });

  it.each([
    ['shares', { email: 'nobody', role: 'viewer' }],
    ['shares', { email: 'a@x.example\nbcc: b@x.example', role: 'viewer' }],
    ['shares', { email: 'a@x.example', role: 'owner' }],
    ['shares', { email: 'a@x.example' }],
    ['shares', {}],
    ['transfer', { email: '<script>@x' }],
    ['transfer', { email: `${'a'.repeat(300)}@x.example` }],
  ])('%s with %j is told at the field', async (form, fields) => {
    expect(await as(ANN).post(`${ACCESS}/${form}`, fields as Record<string, string>)).toMatch(
      /^422 .*role="alert"/s,
    );
    expect(await acts()).toEqual([]);
  });

  it('does not let an owner share with or offer to itself', async () => {
    expect(await as(ANN).post(`${ACCESS}/shares`, { email: ANN!, role: 'viewer' })).toBe('409 own_node');
    expect(await as(ANN).post('/transfers', { email: ANN! })).toBe('409 own_node');
  });
});
