import { nodeCrypto } from '@stoa/protocol/node';
import { POINT, wordPoints } from '@stoa/protocol/stoicism';
import { Hono, type MiddlewareHandler } from 'hono';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { createLedgerTools } from '#ledger/index.ts';
import { LedgerWorld } from '#ledger/world.fixture.ts';
import { Liveness, NodeListing } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { Bus } from '../bus.ts';
import { Live } from '../console/live.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import type { Tier } from '../viewer.ts';
import { AdminStore } from './admin-store.ts';
import { FeedStore } from './feed-store.ts';
import { createEarnings, type Earnings, type OwnMint } from './index.ts';
import { ANN, ANNS, bits, EarnedWorld, FIRST_DAY } from './world.fixture.ts';

const HOUR_MS = 3_600_000;
const FIRST = FIRST_DAY * 24;
const MINUTE = wordPoints(1n, 1_000_000);

describe('earnings', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: EarnedWorld<LedgerWorld>;
  let earnings: Earnings;
  let app: HubApp;
  let asking: { email: string; tier: Tier };
  let queries = 0;
  let minted: OwnMint[] = [];
  const clock = { now: () => world.ledger.now, after: () => () => undefined };

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    const { sql } = database;
    await sql`truncate nodes, stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, ledger_refusals,
      uptime_words, gate_words, gate_states, checkpoints, hub_gaps, scores, payout_people, payout_accounts, payout_choices, node_owner_changes cascade`;
    world = new EarnedWorld(sql, new LedgerWorld(sql));
    await world.begin();
    asking = { email: ANN, tier: 'operator' };
    open();
  });

  function open(): void {
    const { sql } = database;
    const guard: MiddlewareHandler<HttpEnv> = async (c, next) => {
      c.set('viewer', someViewer(asking.email, asking.tier));
      await next();
    };
    const access = new NodeAccess({ sql });
    earnings = createEarnings({
      ...{ sql, access, guard, clock, crypto: nodeCrypto, mints: { of: async () => minted } },
      listing: new NodeListing({ sql, access, heads: { heads: () => [] }, clock }),
      liveness: new Liveness({ clock }),
    });
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    earnings.feature.mount(app);
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
  }

  const page = async (path: string) => {
    const answer = await app.request(path);
    return { status: answer.status, text: await answer.text() };
  };
  /** Without marks: what a reader reads. */
  const words = async (path: string) =>
    (await page(path)).text.replaceAll(/<[^>]+>/g, '').replaceAll(/\s+/g, ' ');

  it('begins by naming the next step: a node, an account, a benchmark', async () => {
    expect(await words('/earnings')).toContain('You have no node yet');
    await world.node(1, { micro: 0 });
    await database.sql`update nodes set listed_unpaid = true`;
    const told = await words('/earnings');
    expect(told).toContain('Your node has no payout account');
    expect(told).toContain('Your node has no ServerScore');
    expect(told).toContain('TEST');
  });

  it('tells what was minted to the owner: day, points, chain, slot, state and transaction', async () => {
    expect(await words('/earnings')).toContain('Nothing was minted to you yet');
    const day = { day: '2026-11-26', mode: 'shadow', account: `k:${'a1'.repeat(32)}`, chain: 3 } as const;
    minted = [
      { ...day, points: 1_234, slot: 57, batch: 0, state: 'minted', requestKey: 'K'.repeat(43) },
      {
        ...day,
        day: '2026-11-25',
        points: 9,
        slot: 57,
        batch: 1,
        state: 'given back',
        requestKey: undefined,
      },
    ];
    const { text } = await page('/earnings');
    minted = [];
    expect(text).toContain('/explorer/mints/2026-11-26#batch-3-0');
    expect(text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')).toMatch(
      /2026-11-26 TEST k:a1a1\S+ 1,234 3 57 minted K{16}… 2026-11-25 TEST k:\S+ 9 3 57 given back/,
    );
  });

  it('counts each hour of today once, while it runs, while it is being closed and when it is', async () => {
    const node = await world.node(1);
    const today = async () =>
      /Today<\/dt><dd><span class="points">([\d.,]+(?:<[^>]+>[\d.]+)?)/
        .exec((await page('/earnings')).text)?.[1]
        ?.replaceAll(/<[^>]+>/g, '');
    world.ledger.now = FIRST * HOUR_MS + 30 * 60_000;
    await world.left(node, FIRST, { acknowledged: bits(0, 30), told: undefined });
    expect(await today()).toBe('1.8');
    await database.sql`update uptime_words set minutes = ${bits(0, 60)}`;
    await database.sql`update gate_words set judged = ${bits(0, 60)}`;
    world.ledger.now = (FIRST + 1) * HOUR_MS;
    expect(await today()).toBe('3.6');
    // The node itself says 59 minutes.
    await database.sql`delete from uptime_words`;
    await database.sql`delete from gate_words`;
    await world.left(node, FIRST, { told: bits(0, 59) });
    await world.close(FIRST, [node]);
    expect(await today()).toBe('3.54');
    await database.sql`update ledger_hours set closed_at = null`;
    expect(await today()).toBe('3.54');
  });

  it('is of the hours in which a node was the person’s own', async () => {
    const { sql } = database;
    const node = await world.node(1, { owner: 'bob@x.example' });
    world.ledger.payeeOf = () => ({ accountId: 'b0'.repeat(16), ownerId: 'bobid' });
    await sql`insert into payout_accounts (account_id, account) values (${'b0'.repeat(16)}, 'k:b0')`;
    await sql`insert into payout_people (email, owner_id) values ('bob@x.example', 'bobid')`;
    await sql`insert into payout_choices (owner, node_id, account_id, from_hour, set_by, set_at)
      values ('bob@x.example', null, ${'b0'.repeat(16)}, ${FIRST}, 'bob@x.example', now())`;
    for (const hour of [FIRST, FIRST + 1]) await world.left(node, hour);
    await world.close(FIRST, [node]);
    await sql`update nodes set owner = ${ANN}`;
    await sql`insert into node_owner_changes (node_id, from_owner, to_owner, from_hour)
      values (${node}, 'bob@x.example', ${ANN}, ${FIRST + 2})`;
    world.ledger.now = (FIRST + 2) * HOUR_MS + 10 * 60_000;
    expect(await words('/earnings')).not.toContain('3.6');
    expect(await words(`/nodes/${node}/earnings`)).not.toContain('3.6');
    await world.left(node, FIRST + 2, { acknowledged: bits(0, 10), told: undefined });
    world.ledger.payeeOf = () => ({ accountId: ANNS, ownerId: 'annid' });
    expect(await words('/earnings')).toContain('0.6');
    expect(await words(`/nodes/${node}/earnings`)).toContain('0.6');
  });

  it('goes back day by day, twenty a page, those that earned nothing too', async () => {
    const node = await world.node(1);
    await world.left(node, FIRST);
    await world.close(FIRST, [node]);
    world.ledger.now = (FIRST_DAY + 25) * 24 * HOUR_MS;
    const newest = await words('/earnings');
    expect(newest).toContain('2026-12-18');
    expect(newest).toContain('2026-11-29');
    expect(newest).not.toContain('2026-11-28');
    const earlier = await words('/earnings?before=2026-11-29');
    expect(earlier).toContain('2026-11-233.6');
    expect(earlier).not.toContain('2026-11-22');
    // What is settled is not read again; what may still be written about is.
    await world.left(node, FIRST + 25 * 24);
    await world.close(FIRST + 25 * 24, [node]);
    expect(await words('/earnings')).toContain('2026-12-183.6');
    expect(await words('/earnings?before=2026-11-29')).toContain('2026-11-233.6');
    expect((await page('/earnings?before=x')).status).toBe(400);
  });

  it('tells of a node where its minutes went, and why a day earned less than the one before', async () => {
    const node = await world.node(1);
    for (const hour of [FIRST, FIRST + 24])
      await world.left(
        node,
        hour,
        hour === FIRST ? {} : { failed: { tip: bits(20, 30) }, told: bits(0, 55) },
      );
    await world.close(FIRST, [node]);
    world.ledger.now = (FIRST + 25) * HOUR_MS;
    await world.close(FIRST + 24, [node]);
    world.ledger.now = (FIRST + 25) * HOUR_MS;
    const told = await words(`/nodes/${node}/earnings`);
    expect(told).toContain('−0.9 points against what it had at this time yesterday');
    expect(told).toContain('−0.6 because in 10 minutes more a chain was more than 3 blocks behind');
    expect(told).toContain('−0.3 because in 5 minutes more only one of hub and node says that it was there');
    expect(told).toContain('At the tip (gate 3)−10');
    expect(told).toContain('00:20 to 00:29 at the tip');
    expect(told).toContain('00:55 to 00:59 told by one side only');
    expect((await page(`/nodes/${node}/earnings?day=2026-11-23`)).status).toBe(200);
    expect((await page(`/nodes/${node}/earnings?day=2026-11-30`)).status).toBe(404);
    asking = { email: 'bob@x.example', tier: 'operator' };
    expect((await page(`/nodes/${node}/earnings`)).status).toBe(404);
  });

  it('streams what is written behind what the page shows, over a hub that is another one', async () => {
    const node = await world.node(1);
    await world.left(node, FIRST);
    await world.close(FIRST, [node]);
    const shown = (await page('/earnings')).text;
    expect(shown.match(/id="event-\d+"/g)).toEqual(['id="event-1"']);
    const place = await new FeedStore(database.sql).end();
    await world.left(node, FIRST + 1);
    await world.close(FIRST + 1, [node]);
    const follow = async (lastId?: string) => {
      const live = new Live({
        ...{ clock, sources: earnings.sources, logs: [earnings.log] },
        guard: async (c, next) => {
          c.set('viewer', someViewer(asking.email, 'operator'));
          await next();
        },
        log: pino({ level: 'silent' }),
        bus: new Bus({ log: pino({ level: 'silent' }) }),
      });
      const hub: HubApp = new Hono<HttpEnv>();
      live.mount(hub);
      const url = `/events?earnings=own&ledger=${place.ranAt}.${place.sequence}`;
      const answer = await hub.request(
        url,
        lastId === undefined ? {} : { headers: { 'last-event-id': lastId } },
      );
      const reader = answer.body!.getReader();
      await reader.read();
      await live.tick();
      const text = new TextDecoder().decode((await reader.read()).value);
      live.close();
      return { id: /^id: (.*)$/m.exec(text)?.[1], events: text.match(/id="event-\d+"/g), text };
    };
    const first = await follow();
    expect(first.events).toEqual(['id="event-2"']);
    expect(first.text).toContain('id="earned-now"');
    const again = await follow(first.id);
    expect(again.events).toBeNull();
    await world.left(node, FIRST + 2);
    await world.close(FIRST + 2, [node]);
    const third = await follow(first.id);
    expect(third.events).toEqual(['id="event-3"']);
    // Sums come with the events that they are made of.
    expect(third.text.replaceAll(/<[^>]+>/g, '')).toContain('Today10.8');
    asking = { email: 'bob@x.example', tier: 'operator' };
    expect((await follow('0.0')).events).toBeNull();
  });

  it('gives the events as CSV, exactly, of the account alone', async () => {
    const node = await world.node(1, { micro: 1_234_567 });
    world.ledger.scoreOf = () => ({ micro: 1_234_567, version: 1 });
    await world.left(node, FIRST, { failed: { 'warm-up': bits(0, 30) } });
    await world.close(FIRST, [node]);
    const lines = (await page('/earnings/events.csv')).text.trim().split('\r\n');
    expect(
      lines.slice(1).map((line) => line.split(',').slice(4, 6).concat(line.split(',').slice(9, 14))),
    ).toEqual([
      ['accrual', 'to Current', '30', '1.234567', '1', '2.2222206', '2.2222206'],
      ['pending', 'to Pending', '30', '1.234567', '1', '2.2222206', '2.2222206'],
      ['matured', 'Pending to Current', '', '', '', '2.2222206', '0'],
    ]);
    expect(lines[1]).toMatch(/,TEST$/);
    // A page at a time, each on its own: who stops reading holds no connection.
    const pages = new FeedStore(database.sql).all(ANN, 2);
    expect((await pages.next()).value).toHaveLength(2);
    const [held] = await database.sql`select count(*)::int as n from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`;
    expect(held).toEqual({ n: 0 });
    expect([(await pages.next()).value?.length, (await pages.next()).done]).toEqual([1, true]);
    asking = { email: 'bob@x.example', tier: 'operator' };
    expect((await page('/earnings/events.csv')).text.trim().split('\r\n')).toHaveLength(1);
  });

  it('tells nobody who only named an account what others earn for it, and no label of a node of somebody else', async () => {
    const { sql } = database;
    const tools = createLedgerTools({ sql, clock });
    const mallory = 'mallory@x.example';
    await sql`insert into payout_choices (owner, account_id, from_hour, set_by, set_at)
      values (${mallory}, ${ANNS}, ${FIRST}, ${mallory}, now())`;
    const node = await world.node(1, { owner: 'bob@x.example' });
    const tunnel = { accountId: ANNS, ownerId: 'annid', permille1: 500 };
    world.ledger.payeeOf = () => ({ accountId: 'b0'.repeat(16), ownerId: 'bobid', tunnel });
    await world.left(node, FIRST, { failed: { 'warm-up': bits(0, 30) } });
    await world.close(FIRST, [node]);
    const given = {
      kind: 'adjustment',
      revision: 0,
      nodeId: '',
      amount: 1n,
      basis: { minutes: 0n, microScore: 0, scoreVersion: 0 },
    } as const;
    const adjust = (ref: string) =>
      tools.book.open(FIRST, (opened) =>
        opened.append([{ ...given, hour: FIRST, accountId: ANNS, ref, ownerId: undefined }]),
      );
    await adjust('1');
    await sql`insert into payout_challenges (nonce, email, account_id, expires_at) values ('n', ${ANN}, ${ANNS}, now())`;
    await sql`insert into payout_proofs (account_id, email, nonce, challenge, signatures, guard, guard_from, said_by, proven_at, from_hour)
      values (${ANNS}, ${ANN}, 'n', '', '[]', '{}', 'name', '{}', now(), ${FIRST})`;
    await adjust('2');
    const owners =
      await sql`select kind, ref, owner_email as owner from stoicism_events where account_id = ${ANNS} order by sequence`;
    expect(owners.map(({ kind, ref, owner }) => [kind + ref, owner])).toEqual([
      ['fee', ANN],
      ['pending-fee', ANN],
      ['matured', ANN],
      ['adjustment1', null],
      ['adjustment2', ANN],
    ]);
    const nothing = { pending: 0n, current: 0n, minting: 0n, redeemed: 0n };
    expect(await tools.overview.holdings(mallory)).toEqual(nothing);
    expect((await tools.overview.holdings(ANN)).current).toBeGreaterThan(0n);
    expect((await tools.events.page(ANN, { limit: 9 })).events.map(({ label }) => label)).not.toContain(
      'node-001',
    );
    const csv = (await page('/earnings/events.csv')).text;
    expect(csv).toContain(',fee,');
    expect(csv).not.toContain('node-001');
  });

  it('shows admins twenty nodes a page by one query a page', async () => {
    for (let i = 0; i < 21; i += 1) await world.node(i);
    await world.left(await world.node(21), FIRST);
    await world.close(FIRST, [`${21}`.padStart(64, '0')]);
    const counting = new Proxy(database.sql, {
      apply(target, self, args) {
        if (Array.isArray(args[0]) && 'raw' in args[0]) queries += 1;
        return Reflect.apply(target, self, args);
      },
    });
    const admin = new AdminStore({ sql: counting, clock });
    queries = 0;
    const first = await admin.page(undefined);
    expect([queries, first.rows.length]).toEqual([1, 20]);
    const second = await admin.page(first.next);
    expect(second.rows.map(({ label, today }) => [label, today])).toEqual([
      ['node-020', 0n],
      ['node-021', 60n * MINUTE],
    ]);
    expect(second.next).toBeUndefined();
    expect((await page('/admin/earnings')).status).toBe(404);
    asking = { email: 'root@x.example', tier: 'ancient' };
    expect(await words('/admin/earnings')).toContain('node-019');
    expect(60n * MINUTE).toBe((36n * POINT) / 10n);
  });
});
