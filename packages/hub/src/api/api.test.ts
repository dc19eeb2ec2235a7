import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { ArchiveDesk, S3Storage } from '#archives/index.ts';
import { AuditLog, AuditStore } from '#audit/index.ts';
import { AccessStore, Agentless, BootstrapDesk, SSH_QUEUE_POLICY } from '#bootstrap/index.ts';
import { BulkActs } from '#bulk/index.ts';
import { createJobTools, HubWork, LogFollowers } from '#jobs/index.ts';
import { TokenLedger } from '#joining/index.ts';
import { JoinTokens, Liveness, NodeListing } from '#nodes/index.ts';
import { createPayouts, guardSource } from '#payouts/index.ts';
import { createReleaseBench, ReleaseViews } from '#releases/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { PgBossQueue } from '#seams/job-queue/index.ts';
import { SshError } from '#seams/ssh-pool/index.ts';
import { SecretStore, Vault } from '#vault/index.ts';
import { someViewer } from '../accounts/viewer.fixture.ts';
import { Bus } from '../bus.ts';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { Assets } from '../console/assets.ts';
import { createHttpApp, type HubApp } from '../http.ts';
import { createScoreTools } from '../scores/index.ts';
import type { Viewer } from '../viewer.ts';
import { apiRoutes } from './api.tsx';
import { idOf, operationsOf, requestOf } from './requests.fixture.ts';
import type { ApiDocument } from './route.ts';

const ANN = 'ann@x.example';
const ADMIN = 'admin@x.example';
const PASSWORD = 'correct horse battery';
const SHOWN = `SHA256:${'A'.repeat(43)}`;

/** What the desk asks of SSH: one host shows its key, all others are away. Real ones are met in `test/bootstrap.test.ts`. */
const oneHost = {
  hostKey: async ({ host }: { host: string }) => {
    if (host === 'rack.example') return { type: 'ssh-ed25519', fingerprint: SHOWN };
    throw new SshError('ssh_unreachable', `${host} does not answer`, { retry: true, phase: 'connect' });
  },
};

const storage = new S3Storage({
  ...{ base: new URL('https://s3.example/b'), region: 'eu', clock: systemClock },
  ...{ accessKeyId: 'AKID', secretAccessKey: 'secret' },
});

describe('the API', { timeout: 120_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let document: ApiDocument;
  let viewer: Viewer;
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  let queue: PgBossQueue;

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    const clock = systemClock;
    const access = new NodeAccess({ sql });
    const audit = new AuditLog({ sql, clock });
    const heads = { heads: () => [] };
    const liveness = new Liveness({ clock });
    const hub = { origin: 'https://hub.example', region: 'eu', rootFingerprint: randomBytes(32) };
    const tokens = new JoinTokens({ sql, clock, random: randomBytes, crypto: nodeCrypto, hub });
    const bus = new Bus({ log });
    const vault = new Vault({ keys: [randomBytes(32)], random: randomBytes });
    const jobs = await createJobTools({
      ...{ sql, clock, liveness, heads, random: randomBytes, logDirectory: tmpdir() },
      orders: {
        signerOf: () => 'nobody@x.example',
        verify: () => Promise.reject(new Error('no order is verified here')),
        carried: () => Promise.resolve(new Map()),
      },
      fetch: () => Promise.reject(new Error('no peer is asked here')),
    });
    queue = await PgBossQueue.open({ sql, policy: SSH_QUEUE_POLICY, log });
    const sshAccess = new AccessStore({ sql, clock });
    const agentless = new Agentless({ sql, clock, audit, access });
    const desk = new BootstrapDesk({
      ...{ sql, queue, access: sshAccess, nodeAccess: access, audit, clock, pool: oneHost },
      work: new HubWork({ sql, clock, instance: 'hub-1', generation: 0, logDirectory: tmpdir() }),
      vault: new SecretStore({ sql, clock, vault }),
    });
    const auditStore = new AuditStore(sql);
    const bench = createReleaseBench({
      config: { ...loadConfig({}), dataDir: '/nonexistent' },
      ...{ sql, vault, clock, random: randomBytes, crypto: nodeCrypto, log },
    });
    const feature = apiRoutes({
      ...{ ssh: { desk, agentless, access: sshAccess }, nodeAccess: access },
      archives: new ArchiveDesk({ access, audit, storage }),
      guard: async (c, next) => {
        c.set('viewer', viewer);
        await next();
      },
      listing: new NodeListing({ sql, access, clock, heads }),
      acts: new BulkActs({ sql, access, audit, bus, clock, liveness, heads }),
      liveness,
      ledger: new TokenLedger({ sql, clock, audit, tokens }),
      scores: createScoreTools({ sql, clock }).reader,
      jobs,
      followers: new LogFollowers({ ...jobs, bus, clock }),
      clock,
      auditStore,
      releases: new ReleaseViews({
        ...{ bench, auditStore, clock, mirrorOf: undefined, origin: 'https://hub.example' },
        fault: async () => undefined,
      }),
      payouts: createPayouts({
        ...{ sql, access, audit, clock, random: randomBytes, liveness, region: 'eu', network: 'stoa' },
        guard: (_c, next) => next(),
        listing: new NodeListing({ sql, access, clock, heads }),
        guards: guardSource(loadConfig({})),
      }).desk,
      version: '0.1.0',
      publicUrl: 'https://hub.example',
    });
    app = createHttpApp({
      assets: await Assets.load(),
      site: { region: 'eu', network: 'stoa' },
      ...{ log, clock, secure: true, features: [feature] },
    });
    for (let i = 0; i < 7; i += 1) {
      const owner = i < 5 ? ANN : 'bob@x.example';
      await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
        values (${idOf(`n${i}`)}, ${`node-${i}`}, ${owner}, 'eu', '\\x00', '\\x00', now())`;
    }
    document = (await (await app.request('/openapi.json')).json()) as ApiDocument;
  }, 60_000);
  afterAll(async () => {
    await queue.close();
    await database.close();
  });

  const ask = async (path: string, init: RequestInit = {}, as: Viewer = person()) => {
    viewer = as;
    const answer = await app.request(path, init);
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
  };
  const person = (email = ANN): Viewer => ({
    ...someViewer(email, 'operator'),
    confirmedAt: systemClock.now(),
  });
  const key = (...keyScopes: NonNullable<Viewer['keyScopes']>): Viewer => ({
    ...person(),
    confirmedAt: 0,
    keyScopes,
  });
  const admin = (): Viewer => ({ ...someViewer(ADMIN), confirmedAt: systemClock.now() });
  const send = (value: unknown): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  });

  it('lists what the viewer may see, in pages, by the selector language', async () => {
    const first = await ask('/api/v1/nodes?limit=3');
    expect((first.body['nodes'] as { label: string }[]).map(({ label }) => label)).toEqual([
      'node-0',
      'node-1',
      'node-2',
    ]);
    const second = await ask(`/api/v1/nodes?limit=3&after=${String(first.body['next'])}`);
    expect((second.body['nodes'] as { label: string }[]).map(({ label }) => label)).toEqual([
      'node-3',
      'node-4',
    ]);
    expect(second.body['next']).toBeNull();
    expect((await ask('/api/v1/nodes?q=label:node-3')).body['nodes']).toHaveLength(1);
    const wrong = await ask('/api/v1/nodes?q=state:nowhere');
    expect(wrong).toMatchObject({
      status: 400,
      body: { code: 'bad_selector', requestId: expect.any(String) },
    });
  });

  it('tells what a node is worth, and nothing of one that is not there', async () => {
    const { body } = await ask(`/api/v1/nodes/${idOf('n1')}/score`);
    expect(body).toMatchObject({ score: null, baselineVersion: 0, versions: [], runs: [] });
    expect((await ask(`/api/v1/nodes/${idOf('nowhere')}/score`)).status).toBe(404);
  });

  it('shows, tags and retires a node, each act in the audit log', async () => {
    const path = `/api/v1/nodes/${idOf('n1')}`;
    expect((await ask(path)).body).toMatchObject({ label: 'node-1', state: 'new', tags: [] });
    const tagged = await ask(`${path}/tags`, send({ add: ['lab', 'ü'] }));
    expect(tagged).toMatchObject({ status: 200, body: { tags: ['lab', 'ü'] } });
    expect((await ask(`${path}/tags`, send({ remove: ['lab'], add: ['eu'] }))).body['tags']).toEqual([
      'ü',
      'eu',
    ]);
    expect((await ask(`${path}/retire`, send({}))).body).toMatchObject({ state: 'retired' });
    const { body } = await ask('/api/v1/audit?act=node');
    expect((body['acts'] as { act: string }[]).map(({ act }) => act)).toEqual([
      'node.retire',
      'node.tag',
      'node.untag',
      'node.tag',
      'node.tag',
    ]);
  });

  it('answers 404 to what one may not see, and lets a key do what it was made for', async () => {
    for (const id of [idOf('n6'), idOf('nobody'), 'x'])
      expect(await ask(`/api/v1/nodes/${id}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await ask(`/api/v1/nodes/${idOf('n6')}/tags`, send({ add: ['mine'] }))).status).toBe(404);
    expect((await ask('/api/v1/nodes', {}, key('nodes:read'))).status).toBe(200);
    expect(await ask('/api/v1/nodes', {}, key('audit:read'))).toMatchObject({
      status: 403,
      body: { code: 'missing_scope' },
    });
    const retire = await ask(`/api/v1/nodes/${idOf('n2')}/retire`, send({}), key('nodes:write'));
    expect(retire).toMatchObject({ status: 403, body: { code: 'confirm_first' } });
    expect((await ask('/api/v1/me', {}, key('nodes:read'))).body).toMatchObject({
      email: ANN,
      scopes: ['nodes:read'],
    });
  });

  it('makes, lists and revokes join tokens', async () => {
    const made = await ask(
      '/api/v1/tokens',
      send({ label: 'rack', uses: 2, ttlMinutes: 30 }),
      key('tokens:write'),
    );
    expect([made.status, String(made.body['token'])]).toEqual([201, expect.stringMatching(/^\S{80,}$/)]);
    const list = await ask('/api/v1/tokens');
    const [token] = list.body['tokens'] as { id: string; state: string }[];
    expect(token).toMatchObject({ label: 'rack', state: 'open', usesLeft: 2 });
    expect(
      (await ask(`/api/v1/tokens/${token!.id}`, { method: 'DELETE' }, person('bob@x.example'))).status,
    ).toBe(404);
    expect((await ask(`/api/v1/tokens/${token!.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await ask('/api/v1/tokens')).body['tokens']).toMatchObject([{ state: 'revoked' }]);
  });

  it('tells what is wrong, and where', async () => {
    expect((await ask('/api/v1/nodes?limit=0&x=1')).body['message']).toMatch(
      /limit: .*>=1.*[Uu]nrecognized key/,
    );
    expect(await ask('/api/v1/tokens', send({ uses: 'many' }))).toMatchObject({
      status: 422,
      body: { code: 'bad_body', message: expect.stringContaining('uses: ') },
    });
    const broken = { ...send({}), body: '{"uses":' };
    expect(await ask('/api/v1/tokens', broken)).toMatchObject({ status: 400, body: { code: 'malformed' } });
    expect((await ask('/api/v1/nodes', { method: 'PUT' })).status).toBe(405);
  });

  it('has bare hosts made nodes and agents recovered, for who is there in person; a password is in nothing that stays', async () => {
    const said: string[] = [];
    const sent = async (path: string, value: unknown, as = admin()) => {
      const answer = await ask(path, send(value), as);
      said.push(JSON.stringify(answer.body));
      return answer;
    };
    const place = { host: 'rack.example', user: 'op' };
    const wish = {
      ...place,
      fingerprint: SHOWN,
      password: PASSWORD,
      owner: ANN,
      label: 'rack-1',
      tags: ['lab'],
    };
    const start = '/api/v1/ssh/bootstrap';
    expect((await sent(start, wish, person())).status).toBe(404);
    const byKey = { ...admin(), confirmedAt: 0, keyScopes: ['jobs:write'] as const };
    expect(await sent(start, wish, byKey)).toMatchObject({ status: 403, body: { code: 'confirm_first' } });
    expect(await sent(start, wish, key('jobs:read'))).toMatchObject({
      status: 403,
      body: { code: 'missing_scope' },
    });
    expect(await sent('/api/v1/ssh/look', place)).toMatchObject({
      status: 200,
      body: { place: 'rack.example:22', fingerprint: SHOWN, pinned: null },
    });
    expect(await sent('/api/v1/ssh/look', { ...place, host: 'away.example' })).toMatchObject({
      status: 422,
      body: { code: 'ssh_unreachable', retry: true },
    });
    const other = await sent(start, { ...wish, fingerprint: `SHA256:${'B'.repeat(43)}` });
    expect(other).toMatchObject({ status: 409, body: { code: 'host_key_changed' } });
    expect((await sent(start, { ...wish, privateKey: 'x' })).status).toBe(422);
    expect((await sent(start, { ...wish, user: 'Root!' })).status).toBe(422);
    const begun = await sent(start, wish);
    expect(begun.status, JSON.stringify(begun.body)).toBe(201);
    const job = await ask(`/api/v1/jobs/${String(begun.body['job'])}`, {}, admin());
    expect(job.body).toMatchObject({ kind: 'bootstrap', run: 'ssh', node: 'rack.example:22' });

    const work = `/api/v1/nodes/${idOf('n3')}/ssh`;
    const reseat = await sent(work, { kind: 'key-reseat', password: PASSWORD }, person());
    expect(reseat.status).toBe(201);
    expect((await sent(work, { kind: 'agent-recover', password: PASSWORD }, person())).status).toBe(422);
    expect((await sent(work, { kind: 'firewall-bootstrap', allow: '1789' }, person())).status).toBe(201);
    expect((await sent(work, { kind: 'bootstrap' }, person())).status).toBe(422);
    expect((await sent(work, { kind: 'agent-recover' }, person('bob@x.example'))).status).toBe(404);

    const { sql } = database;
    const rows = await sql`select row_to_json(j)::text as text from jobs j
      union all select row_to_json(a)::text from audit_log a union all select row_to_json(b)::text from job_batches b
      union all select row_to_json(v)::text from vault_secrets v
      union all select row_to_json(q)::text from job_queue.job q`;
    expect(rows.length).toBeGreaterThan(9);
    const kept = [...said, ...logged, JSON.stringify(job.body), ...rows.map((row) => String(row['text']))];
    expect(kept.join('\n')).not.toContain(PASSWORD);
    const [login] =
      await sql`select 1 from vault_secrets where name = ${`ssh-login/${String(reseat.body['job'])}`}`;
    expect(login).toBeDefined();
  });

  it('shows how the hub reaches a node, and lets admins mark it as agentless', async () => {
    const path = `/api/v1/nodes/${idOf('n3')}`;
    expect((await ask(`${path}/ssh`)).body).toEqual({ reach: null, agentless: null });
    await database.sql`insert into ssh_access (host, port, login, node_id, key_id, key_line, created_at)
      values ('rack.example', 22, 'op', ${idOf('n3')}, 'k', 'ssh-ed25519 AAAA', now())`;
    const wish = { reason: 'no room', until: new Date(systemClock.now() + 86_400_000).toISOString() };
    expect((await ask(`${path}/agentless`, send(wish))).status).toBe(404);
    expect(await ask(`${path}/agentless`, send(wish), admin())).toMatchObject({
      status: 200,
      body: {
        reach: { host: 'rack.example', hostKey: SHOWN },
        agentless: { reason: 'no room', setBy: ADMIN },
      },
    });
    const late = { ...wish, until: '2199-01-01T00:00:00Z' };
    expect((await ask(`${path}/agentless`, send(late), admin())).status).toBe(422);
    const gone = await ask(`${path}/agentless`, { method: 'DELETE' }, admin());
    expect(gone).toMatchObject({ status: 200, body: { agentless: null } });
    expect((await ask(`/api/v1/nodes/${idOf('n6')}/ssh`)).status).toBe(404);
    const { kinds } = (await ask('/api/v1/ssh-kinds')).body as { kinds: { kind: string }[] };
    expect(kinds.map(({ kind }) => kind)).toContain('agent-recover');
  });

  it('lists what was backed up of a node, and makes a link where the hub has the key of the storage', async () => {
    const node = idOf('n4');
    const batch = '00000000-0000-4000-8000-000000000001';
    const url = `https://s3.example/b/${node.slice(0, 16)}/20261126T080000`;
    await database.sql`insert into job_batches (batch_id, run, kind, params, selector, node_count, created_by, created_at)
      values (${batch}, 'agent', 'backup-stoachain', '{}', '', 1, ${ANN}, now())`;
    const [{ id }] = await database.sql<[{ id: string }]>`
      insert into jobs (batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, state, max_attempts,
        scheduled_at, deadline, created_at, ended_at, report)
      values (${batch}, ${node}, ${ANN}, 'agent', 'backup-stoachain', 'disruptive', true, true,
        ${JSON.stringify({ to: `${url}?X-Amz-Signature=spent` })}, 'succeeded', 3, now(), now(), now(), now(),
        ${JSON.stringify({ sha256: 'ab'.repeat(32), bytes: 7, to: 'storage' })}) returning job_id as id`;
    const path = `/api/v1/nodes/${node}`;
    const list = await ask(`${path}/backups`, {}, key('jobs:read'));
    const backup = { job: id, url, path: null, linkable: true, sealedTo: null };
    expect(list.body).toMatchObject({ backups: [backup], seeds: [] });
    const link = await ask(`${path}/backup-links`, send({ job: id }), key('jobs:write'));
    expect(link).toMatchObject({
      status: 201,
      body: { url: expect.stringMatching(/\/20261126T080000\?.*X-Amz-Sig/) },
    });
    expect((await ask(`/api/v1/jobs/${id}`, {}, key('jobs:read'))).body).toMatchObject({
      params: JSON.stringify({ to: `${url}?…` }),
    });
    expect((await ask(`${path}/backup-links`, send({ job: batch }))).status).toBe(404);
    expect((await ask(`${path}/backups`, {}, person('bob@x.example'))).status).toBe(404);
  });

  it('describes itself, by its own page as well', async () => {
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths ?? {})).toHaveLength(28);
    const page = await (await app.request('/docs', { headers: { accept: 'text/html' } })).text();
    for (const path of Object.keys(document.paths ?? {})) expect(page).toContain(path);
    expect(page).not.toMatch(/<script(?! src="\/assets\/)/);
  });

  it('never fails inside, whatever comes: fuzzed from its own schemas', async () => {
    const operations = operationsOf(document);
    expect(operations).toHaveLength(32);
    for (const operation of operations)
      await fc.assert(
        fc.asyncProperty(requestOf(operation), async ({ path, init }) => {
          // What is an admin's alone would be nothing but 404 to others.
          const { status, body } = await ask(path, init, /ssh|agentless/.test(path) ? admin() : person());
          expect(status).toBeLessThan(500);
          if (status >= 400)
            expect(body).toMatchObject({
              code: expect.any(String),
              message: expect.any(String),
              fix: expect.any(String),
            });
        }),
        { numRuns: 120 },
      );
  });
});
