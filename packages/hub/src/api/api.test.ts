import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeAccess, type Viewer } from '#accounts/index.ts';
import { AuditLog, AuditStore } from '#audit/index.ts';
import { BulkActs } from '#bulk/index.ts';
import { createJobTools, LogFollowers } from '#jobs/index.ts';
import { TokenLedger } from '#joining/index.ts';
import { JoinTokens, Liveness, NodeListing } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { someViewer } from '../accounts/viewer.fixture.ts';
import { Bus } from '../bus.ts';
import { systemClock } from '../clock.ts';
import { Assets } from '../console/assets.ts';
import { createHttpApp, type HubApp } from '../http.ts';
import { type ApiDocument, apiRoutes } from './api.tsx';

type Schema = Readonly<Record<string, unknown>>;
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly body: Schema | undefined;
}

const idOf = (name: string) => createHash('sha256').update(name).digest('hex');
const ANN = 'ann@x.example';

describe('the API', { timeout: 120_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let document: ApiDocument;
  let viewer: Viewer;
  const log = pino({ level: 'silent' });

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
    const jobs = await createJobTools({
      ...{ sql, clock, liveness, heads, random: randomBytes, logDirectory: tmpdir() },
      orders: {
        signerOf: () => 'nobody@x.example',
        verify: () => Promise.reject(new Error('no order is verified here')),
        carried: () => Promise.resolve(new Map()),
      },
      fetch: () => Promise.reject(new Error('no peer is asked here')),
    });
    const feature = apiRoutes({
      guard: async (c, next) => {
        c.set('viewer', viewer);
        await next();
      },
      listing: new NodeListing({ sql, access, clock, heads }),
      acts: new BulkActs({ sql, access, audit, bus, clock, liveness, heads }),
      liveness,
      ledger: new TokenLedger({ sql, clock, audit, tokens }),
      jobs,
      followers: new LogFollowers({ ...jobs, bus, clock }),
      clock,
      auditStore: new AuditStore(sql),
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
  afterAll(() => database.close());

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

  it('describes itself, by its own page as well', async () => {
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths ?? {})).toHaveLength(17);
    const page = await (await app.request('/docs', { headers: { accept: 'text/html' } })).text();
    for (const path of Object.keys(document.paths ?? {})) expect(page).toContain(path);
    expect(page).not.toMatch(/<script(?! src="\/assets\/)/);
  });

  it('never fails inside, whatever comes: fuzzed from its own schemas', async () => {
    const operations = operationsOf(document);
    expect(operations).toHaveLength(19);
    for (const operation of operations)
      await fc.assert(
        fc.asyncProperty(requestOf(operation), async ({ path, init }) => {
          const { status, body } = await ask(path, init);
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

function operationsOf(document: ApiDocument): Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    (['get', 'post', 'delete'] as const).flatMap((method) => {
      const operation = item[method] as
        | { parameters?: Operation['parameters']; requestBody?: unknown }
        | undefined;
      if (operation === undefined) return [];
      const reference = JSON.stringify(operation.requestBody ?? {}).match(
        /#\/components\/schemas\/(\w+)/,
      )?.[1];
      const body =
        reference === undefined ? undefined : (document.components?.schemas?.[reference] as Schema);
      return [{ method: method.toUpperCase(), path, parameters: operation.parameters ?? [], body }];
    }),
  );
}

/** Mostly what the schema says, at its edges and just beyond; sometimes anything. */
function anyOf(schema: Schema): fc.Arbitrary<unknown> {
  const type = [schema['type']].flat()[0];
  const length = Number(schema['maxLength'] ?? 60);
  const proper: fc.Arbitrary<unknown> =
    type === 'array'
      ? fc.array(anyOf(schema['items'] as Schema), { maxLength: 10 })
      : type === 'integer' || type === 'number'
        ? fc.oneof(fc.integer(), fc.constantFrom(schema['minimum'], schema['maximum'], 1, 2 ** 53))
        : typeof schema['pattern'] === 'string' && !schema['pattern'].includes('\\p')
          ? fc.stringMatching(new RegExp(schema['pattern']))
          : fc.oneof(
              fc.string({ unit: 'grapheme', maxLength: length + 2 }),
              fc.constantFrom(
                'state:online',
                'lag:>5 OR -tag:x',
                '2026-11-25',
                '9'.repeat(14),
                '0',
                '\0',
                "';--",
              ),
            );
  return fc.oneof({ weight: 6, arbitrary: proper }, { weight: 1, arbitrary: fc.jsonValue() });
}

function requestOf({
  method,
  path,
  parameters,
  body,
}: Operation): fc.Arbitrary<{ path: string; init: RequestInit }> {
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const values = fc.record(Object.fromEntries(query.map(({ name, schema }) => [name, anyOf(schema)])), {
    requiredKeys: [],
  });
  const id = fc.oneof(
    fc.constantFrom(idOf('n3'), idOf('n6'), '0'.repeat(32)),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 70 }),
  );
  const properties = Object.entries((body?.['properties'] ?? {}) as Record<string, Schema>);
  const fields = fc.record(Object.fromEntries(properties.map(([name, schema]) => [name, anyOf(schema)])), {
    requiredKeys: [],
  });
  const sent = fc.oneof(
    { weight: 5, arbitrary: fields.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string() },
  );
  const contentType = fc.oneof(
    { weight: 8, arbitrary: fc.constant('application/json') },
    fc.constantFrom('text/plain', 'application/json; charset=x', ''),
  );
  return fc.tuple(values, id, sent, contentType).map(([asked, place, text, type]) => {
    const entries = Object.entries(asked).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    const address = path.replace('{id}', encodeURIComponent(place.toWellFormed()));
    const search = entries.length === 0 ? '' : `?${new URLSearchParams(entries as [string, string][])}`;
    return {
      path: address + search,
      init: { method, ...(body !== undefined && { body: text, headers: { 'content-type': type } }) },
    };
  });
}
