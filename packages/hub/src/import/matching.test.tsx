import fc from 'fast-check';
import { Hono, type MiddlewareHandler } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { Bus } from '../bus.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { createLog } from '../log.ts';
import { ImportedNodes, importRoutes } from './index.ts';
import { type Candidate, matchOf } from './matching.ts';

const [ANN, BOB] = ['ann@x.example', 'bob@x.example'] as const;
const NODE = 'a'.repeat(64);
const NOW = Date.UTC(2026, 10, 25, 12);

describe('a match', () => {
  const candidate: fc.Arbitrary<Candidate> = fc.record({
    label: fc.string({ minLength: 1 }),
    why: fc.constantFrom('id', 'label', 'host', 'label and host'),
  });

  it('is one of the candidates, whatever their order, and none where two are as good', () => {
    fc.assert(
      fc.property(fc.uniqueArray(candidate, { selector: ({ label }) => label }), (candidates) => {
        const match = matchOf(candidates);
        expect(matchOf(candidates.toReversed())).toBe(match);
        if (match === undefined) return;
        const asGood = candidates.filter(({ why }) => why === match.why);
        expect(asGood).toEqual([match]);
      }),
    );
  });
});

describe('imported nodes that join', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let imported: ImportedNodes;
  let app: HubApp;
  let asking: string = ANN;
  const clock = { now: () => NOW, after: () => () => {} };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    imported = new ImportedNodes({ sql, audit: new AuditLog({ sql, clock }), clock });
    const guard: MiddlewareHandler<HttpEnv> = async (c, next) => {
      c.set('viewer', someViewer(asking));
      await next();
    };
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    importRoutes({ guard, imported, clock, bus: new Bus({ log: createLog({ level: 'silent' }) }) }).mount(
      app,
    );
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    asking = ANN;
    await database.sql`truncate nodes, imported_nodes, audit_log cascade`;
  });

  async function known(
    label: string,
    over: { nodeId?: string; owner?: string; hosts?: string[] } = {},
  ): Promise<void> {
    const { nodeId = null, owner = ANN, hosts = [] } = over;
    await database.sql`insert into imported_nodes (owner, label, node_id, region, role, hw_type, tags, hosts, notes, source_line)
      values (${owner}, ${label}, ${nodeId}, 'eu', 'validator', 'metal', ${['old', 'lab']}, ${hosts}, ${['call Ann', 'slow disk']}, 1)`;
  }

  async function join(label: string, hostname: string): Promise<string> {
    await database.sql`insert into nodes (node_id, label, owner, region, tags, public_key, node_cert, created_at)
      values (${NODE}, ${label}, ${ANN}, 'eu', ${['lab', 'new']}, '\\x00', '\\x00', now())`;
    return imported.joined({ nodeId: NODE, owner: ANN, label, hostname });
  }

  const node = async () => {
    const [row] = await database.sql`select label, role, hw_type, tags,
      (select array_agg(text order by note_id) from node_notes where node_id = n.node_id) as notes,
      (select label from imported_nodes where joined_as = n.node_id) as was from nodes n`;
    return row;
  };
  const TAKEN = {
    role: 'validator',
    hw_type: 'metal',
    tags: ['lab', 'new', 'old'],
    notes: ['call Ann', 'slow disk'],
  };

  it.each([
    ['its id', { nodeId: NODE }, 'other', 'x'],
    ['its label', {}, 'rack 1', 'x'],
    ['a whole host name', { hosts: ['a.example', 'b.example'] }, 'other', 'B.example'],
    ['the first part of its host name', { hosts: ['b.example'] }, 'other', 'b'],
    ['a host name without domain', { hosts: ['b'] }, 'other', 'b.lan'],
  ])(
    'are known by %s, and it is they that stand in the list, with what was theirs',
    async (_by, facts, label, hostname) => {
      await known('rack 1', facts);
      await known('another', { hosts: ['b.other.example', 'c.example'], owner: BOB });
      expect(await join(label, hostname)).toBe('rack 1');
      expect(await node()).toEqual({ label: 'rack 1', was: 'rack 1', ...TAKEN });
      expect(await database.sql`select actor, act, subject from audit_log`).toEqual([
        { actor: 'hub', act: 'node.import', subject: NODE },
      ]);
      // The same node once more is no second match.
      await known('rack 2', { hosts: [hostname] });
      await imported.joined({ nodeId: NODE, owner: ANN, label: 'rack 2', hostname });
      expect(await node()).toMatchObject({ was: 'rack 1', label: 'rack 1' });
    },
  );

  it.each([
    ['of another owner', { owner: BOB, hosts: ['b.example'] }, 'rack 1', 'b.example'],
    ['of another domain', { hosts: ['b.example'] }, 'other', 'b.elsewhere'],
    ['called localhost, as any', { hosts: ['localhost'] }, 'other', 'localhost'],
  ])('are not taken for one %s', async (_what, facts, label, hostname) => {
    await known('rack 1', facts);
    expect(await join(label, hostname)).toBe(label);
    expect(await node()).toMatchObject({ was: null, label, tags: ['lab', 'new'] });
    expect(await imported.undecidedCount(ANN)).toBe(0);
  });

  it('are known by label and host together where others share one of them', async () => {
    await known('rack 1', { hosts: ['b.example'] });
    await known('rack 2', { hosts: ['b.example'] });
    expect(await join('rack 2', 'b.example')).toBe('rack 2');
  });

  describe('and are in doubt', () => {
    beforeEach(async () => {
      await known('rack 1', { hosts: ['b.example'] });
      await known('rack 2', { hosts: ['b.example'] });
      await join('fresh', 'b.example');
    });
    const post = (path: string, label?: string) =>
      app.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(label === undefined ? {} : { label }).toString(),
      });

    it('wait for their owner, who chooses one', async () => {
      expect(await node()).toMatchObject({ was: null, label: 'fresh' });
      expect(await imported.undecidedCount(ANN)).toBe(1);
      const page = await (await app.request('/imported')).text();
      expect(page).toContain('Which one is fresh?');
      expect(page).toContain('2 have not joined yet');
      expect((await post(`/imported/${NODE}`, 'rack 2')).status).toBe(303);
      expect(await node()).toEqual({ label: 'rack 2', was: 'rack 2', ...TAKEN });
      expect(await imported.undecidedCount(ANN)).toBe(0);
      expect((await post(`/imported/${NODE}`, 'rack 1')).status).toBe(404);
    });

    it('or none', async () => {
      expect((await post(`/imported/${NODE}/none`)).status).toBe(303);
      expect(await node()).toMatchObject({ was: null, label: 'fresh' });
      expect(await imported.undecidedCount(ANN)).toBe(0);
    });

    it('and nobody else: not another account, not for another label, not without a node', async () => {
      expect((await post(`/imported/${NODE}`, 'rack 9')).status).toBe(404);
      expect((await post(`/imported/${NODE}`)).status).toBe(404);
      expect((await post('/imported/xyz', 'rack 1')).status).toBe(404);
      asking = BOB;
      expect((await post(`/imported/${NODE}`, 'rack 1')).status).toBe(404);
      expect((await post(`/imported/${NODE}/none`)).status).toBe(404);
      expect(await imported.undecidedCount(ANN)).toBe(1);
    });
  });
});
