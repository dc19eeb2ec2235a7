import { Hono, type MiddlewareHandler } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { Liveness, NodeListing } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { HttpEnv, HubApp } from '../../http.ts';
import { toHttpError } from '../../http-error.ts';
import { createLog } from '../../log.ts';
import { AuditExport, AuditLog, AuditStore } from '../index.ts';
import { auditRoutes } from './index.ts';

const NOW = Date.UTC(2026, 10, 25, 12);
const [ANN, BOB, EVE, ROOT] = ['ann@x.example', 'bob@x.example', 'eve@x.example', 'root@x.example'] as const;
const NODE = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

describe('the Audit tab of a node', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let asking: string;
  const clock = { now: () => NOW, after: () => () => {} };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      select id, 'node-' || left(id, 1), ${ANN}, 'eu', '\\x00'::bytea, '\\x00'::bytea, now()
      from unnest(${[NODE, OTHER]}::text[]) as t(id)`;
    await sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
      values (${NODE}, ${BOB}, 'operator', ${ANN}, now())`;
    const audit = new AuditLog({ sql, clock });
    await audit.append({ actor: ANN, act: 'node.share', subject: NODE, owner: ANN, detail: { with: BOB } });
    await audit.append({ actor: BOB, act: 'node.tags', subject: NODE, owner: ANN });
    await audit.append({ actor: ANN, act: 'node.publish', subject: OTHER, owner: ANN });
    await audit.append({
      actor: 'former@x.example',
      act: 'node.refuse',
      subject: NODE,
      owner: 'former@x.example',
    });
    const { seq } = await audit.append({ actor: ROOT, act: 'node.retire', subject: '', owner: ANN });
    await sql.begin((tx) => audit.nameSubjects(tx, seq, [NODE, OTHER]));
    const guard: MiddlewareHandler<HttpEnv> = async (c, next) => {
      c.set('viewer', someViewer(asking, asking === ROOT ? 'ancient' : 'operator'));
      await next();
    };
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    const access = new NodeAccess({ sql });
    const store = new AuditStore(sql);
    const signer = { key: undefined as never, chain: () => undefined as never };
    auditRoutes({
      guard,
      store,
      audit,
      clock,
      exports: new AuditExport({ store, signer, clock }),
      listing: new NodeListing({ sql, access, clock, heads: { heads: () => [] } }),
      liveness: new Liveness({ clock }),
      log: createLog({ level: 'silent' }),
    }).mount(app);
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
  }, 60_000);
  afterAll(() => database.close());

  const acts = async (email: string, path = `/nodes/${NODE}/audit`) => {
    asking = email;
    const answer = await app.request(path);
    const text = await answer.text();
    const found = [...text.matchAll(/class="act-what">([^<]+)</g)].map(([, act]) => act);
    return { status: answer.status, text, found };
  };

  it('shows an owner what was done to it, alone or as one of many, and nothing from before it was theirs', async () => {
    expect(await acts(ANN)).toMatchObject({ status: 200, found: ['node.retire', 'node.tags', 'node.share'] });
    expect((await acts(ANN, `/nodes/${OTHER}/audit`)).found).toEqual(['node.retire', 'node.publish']);
  });

  it('shows a colleague their own acts alone', async () => {
    const { found, text } = await acts(BOB);
    expect(found).toEqual(['node.tags']);
    expect(text).toContain(`/audit?subject=${NODE}`);
  });

  it('shows an admin all of it', async () => {
    expect((await acts(ROOT)).found).toEqual(['node.retire', 'node.refuse', 'node.tags', 'node.share']);
  });

  it.each([`/nodes/${NODE}/audit`, '/nodes/xyz/audit'])(
    'does not exist for whoever may not see the node: %s',
    async (path) => {
      expect(await acts(EVE, path)).toMatchObject({ status: 404, found: [] });
    },
  );
});
