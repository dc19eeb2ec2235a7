import fc from 'fast-check';
import { Hono, type MiddlewareHandler } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { AuditLog } from '#audit/index.ts';
import { Liveness } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { Bus } from '../bus.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { createLog } from '../log.ts';
import type { Tier } from '../viewer.ts';
import { BulkActs, bulkRoutes } from './index.ts';

const NOW = Date.UTC(2026, 10, 25, 12);
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const NODES = 1_203;

describe('acts on many nodes', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let asking: { email: string; tier: Tier; ageMs: number };
  let told: string[] = [];
  const clock = { now: () => NOW, after: () => () => {} };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    const guard: MiddlewareHandler<HttpEnv> = async (c, next) => {
      c.set('viewer', { ...someViewer(asking.email, asking.tier), confirmedAt: NOW - asking.ageMs });
      await next();
    };
    const bus = new Bus({ log: createLog({ level: 'silent' }) });
    bus.subscribe('nodes', ({ ids }) => told.push(...ids));
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    bulkRoutes({
      guard,
      acts: new BulkActs({
        sql,
        bus,
        clock,
        access: new NodeAccess({ sql }),
        audit: new AuditLog({ sql, clock }),
        liveness: new Liveness({ clock }),
        heads: { heads: () => [] },
      }),
    }).mount(app);
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    const { sql } = database;
    told = [];
    asking = { email: 'ann@x.example', tier: 'operator', ageMs: 0 };
    await sql`truncate nodes, audit_log cascade`;
    await sql`insert into nodes (node_id, label, owner, region, tags, public_key, node_cert, created_at)
      select encode(sha256(convert_to('n' || i, 'UTF8')), 'hex'), 'node-' || i,
        case when i % 3 = 0 then 'bob@x.example' else 'ann@x.example' end, case when i % 2 = 0 then 'eu' else 'na' end,
        case when i % 5 = 0 then array['lab'] else '{}'::text[] end, '\\x00', '\\x00', now()
      from generate_series(1, ${NODES}) as i`;
  });

  const get = async (query: Record<string, string>) => {
    const answer = await app.request(`/bulk?${new URLSearchParams(query).toString()}`);
    return { status: answer.status, text: await answer.text() };
  };
  const post = async (fields: Record<string, string>) => {
    const body = new URLSearchParams({ act: 'tag', tag: '', q: '', shown: '0', ...fields }).toString();
    const answer = await app.request('/bulk', { method: 'POST', headers: FORM, body });
    return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') };
  };
  const count = async (where: string) => {
    const [row] = await database.sql.unsafe(`select count(*)::int as count from nodes where ${where}`);
    return Number(row!['count']);
  };
  const audited = async () =>
    database.sql<{ act: string; detail: object }[]>`select act, detail from audit_log`;

  it('shows the blast radius, then tags in batches what one may work, audited once', async () => {
    const { text } = await get({ act: 'tag', tag: 'x', q: 'region:eu -tag:lab' });
    const mine = await count(`region = 'eu' and owner = 'ann@x.example' and tags = '{}'`);
    expect(text).toContain(`Add the tag x to ${mine} nodes`);
    expect(
      (await post({ act: 'tag', tag: 'x', q: 'region:eu -tag:lab', shown: String(mine) })).location,
    ).toBe(`/nodes?q=region%3Aeu+-tag%3Alab&changed=${mine}`);
    expect(await count(`'x' = any(tags)`)).toBe(mine);
    expect(await count(`'x' = any(tags) and owner <> 'ann@x.example'`)).toBe(0);
    expect(await audited()).toEqual([
      { act: 'node.tag', detail: { selector: 'region:eu -tag:lab', nodes: mine, tag: 'x' } },
    ]);
    expect(told).toHaveLength(mine);
    const named = await database.sql<{ subject: string }[]>`select subject from audit_subjects`;
    expect(named.map(({ subject }) => subject).sort()).toEqual(told.toSorted());
  });

  it('goes on where its own change takes nodes out of the selector', async () => {
    asking = { email: 'root@x.example', tier: 'ancient', ageMs: 0 };
    await post({ act: 'tag', tag: 'lab', q: '-tag:lab', shown: String(NODES) });
    expect(await count(`'lab' = any(tags)`)).toBe(NODES);
    await post({ act: 'untag', tag: 'lab', q: 'tag:lab', shown: String(NODES) });
    expect(await count(`tags <> '{}'`)).toBe(0);
  });

  it('does nothing where more would change than was shown', async () => {
    const answer = await post({ act: 'refuse', q: 'region:eu', shown: '3' });
    expect([answer.status, await count('refused_at is not null'), await audited()]).toEqual([409, 0, []]);
    expect(answer.text).toContain('Look at it again');
  });

  it('retires and refuses by the owner only, and retires only with a fresh proof of presence', async () => {
    const { sql } = database;
    await sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
      select node_id, 'ann@x.example', 'operator', 'bob@x.example', now() from nodes where owner = 'bob@x.example'`;
    asking.ageMs = 6 * 60_000;
    expect(await post({ act: 'retire', q: '', shown: String(NODES) })).toMatchObject({
      status: 403,
      text: 'confirm_first',
    });
    asking.ageMs = 0;
    await post({ act: 'retire', q: '', shown: String(NODES) });
    expect(await count('retired_at is not null')).toBe(await count(`owner = 'ann@x.example'`));
    expect(await count(`listed_state = 'retired'`)).toBe(await count(`owner = 'ann@x.example'`));
    await post({ act: 'refuse', q: '', shown: String(NODES) });
    expect(await count('refused_at is not null')).toBe(0);
  });

  it('lifts an owner’s refusal by the owner, an admin’s by an admin alone', async () => {
    const ann = { ...asking };
    const refused = () => count('refused_at is not null');
    const q = 'owner:ann@x.example';
    const theirs = await count(`owner = 'ann@x.example'`);
    await post({ act: 'refuse', q, shown: String(theirs) });
    expect(await refused()).toBe(theirs);
    await post({ act: 'accept', q, shown: String(theirs) });
    expect(await refused()).toBe(0);
    asking = { email: 'root@x.example', tier: 'ancient', ageMs: 0 };
    await post({ act: 'refuse', q, shown: String(theirs) });
    asking = ann;
    await post({ act: 'accept', q, shown: String(theirs) });
    expect(await refused()).toBe(theirs);
    asking = { email: 'root@x.example', tier: 'ancient', ageMs: 0 };
    await post({ act: 'accept', q, shown: String(theirs) });
    expect(await refused()).toBe(0);
  });

  it('lifts a quarantine by an admin alone', async () => {
    const { sql } = database;
    await sql`update nodes set quarantined_at = now(), quarantine_reason = 'a test', refused_at = now() where label = 'node-1'`;
    await post({ act: 'accept', q: '', shown: '1' });
    expect(await count('refused_at is not null')).toBe(0);
    expect(await count('quarantined_at is not null')).toBe(1);
    asking = { email: 'root@x.example', tier: 'ancient', ageMs: 0 };
    await post({ act: 'accept', q: '', shown: '1' });
    expect(await count('quarantined_at is not null')).toBe(0);
  });

  it('takes a selection as a selector of ids', async () => {
    const [row] = await database.sql<{ node_id: string }[]>`select node_id from nodes where label = 'node-1'`;
    const { text } = await get({ act: 'refuse', of: 'selected', id: row!.node_id.slice(0, 16), q: '' });
    expect(text).toContain('Refuse 1 node:');
    expect(text).toContain(`id:${row!.node_id.slice(0, 16)}`);
    expect(await get({ act: 'refuse', of: 'selected', q: '' })).toEqual({ status: 422, text: 'bad_bulk' });
  });

  it('answers anything with less than 500, and changes nothing for what it refuses', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('tag:', '\0', 'a"', 'state:offline', '9999999999', '-1'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('act', 'tag', 'q', 'shown', 'of', 'id', 'x'), text),
        fc.constantFrom('tag', 'refuse', 'retire', 'accept', 'untag'),
        async (fields, act) => {
          expect((await get({ act, ...fields })).status).toBeLessThan(500);
          expect((await post({ act, ...fields, shown: fields['shown'] ?? '0' })).status).toBeLessThan(500);
        },
      ),
      { numRuns: 60 },
    );
    expect(
      await count(`tags <> '{}' and tags <> '{lab}' or refused_at is not null or retired_at is not null`),
    ).toBe(0);
  });
});
