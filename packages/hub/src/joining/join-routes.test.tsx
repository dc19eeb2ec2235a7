import { randomBytes } from 'node:crypto';
import { parseJoinToken, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { createLog } from '../log.ts';
import { JoinTokens } from '../nodes/index.ts';
import type { Tier, Viewer } from '../viewer.ts';
import { ArtefactStore } from './artefact-store.ts';
import { ChecklistReader } from './checklist-reader.ts';
import { downloadRoutes } from './download-routes.ts';
import { joinRoutes } from './join-routes.tsx';
import { joinSource } from './source.tsx';
import { JoinSteps } from './steps.ts';
import { TokenLedger } from './token-ledger.ts';

const ORIGIN = 'https://hub.example';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const GOOD = { label: 'attic', tags: 'home, Rack-2', nodes: '1', minutes: '15' };
const log = createLog({ level: 'fatal' });
const installer = { script: '#!/bin/sh\n', sha256: 'cd'.repeat(32) };

describe('adding a node', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  const clock = { time: 0, now: () => clock.time, after: () => () => undefined };
  let audit: AuditLog;

  beforeAll(async () => {
    database = await openTemporary();
    audit = new AuditLog({ sql: database.sql, clock });
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    clock.time = Date.UTC(2026, 10, 25, 12, 30);
    await database.sql`truncate join_tokens, join_steps, audit_log cascade`;
  });

  const viewer = (email: string, tier: Tier = 'operator'): Viewer => ({
    accountId: email,
    email,
    tier,
    confirmedAt: clock.time,
    keyScopes: undefined,
  });

  function open(who: Viewer = viewer('a@x.example')) {
    const { sql } = database;
    const hub = { origin: ORIGIN, region: 'eu', rootFingerprint: new Uint8Array(32) };
    const tokens = new JoinTokens({ sql, clock, random: randomBytes, crypto: nodeCrypto, hub });
    const ledger = new TokenLedger({ sql, clock, audit, tokens });
    const steps = new JoinSteps({ sql, clock });
    const reader = new ChecklistReader({ sql, steps });
    const person = { viewer: who };
    const app: HubApp = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer(async (content) => c.html(await content));
      await next();
    });
    const artefacts = new ArtefactStore({
      directory: '/nonexistent',
      region: 'eu',
      rootFingerprint: hub.rootFingerprint,
      crypto: nodeCrypto,
      roots: async () => undefined,
      clock,
      log,
    });
    const routes = joinRoutes({
      guard: async (c, next) => {
        c.set('viewer', person.viewer);
        await next();
      },
      ledger,
      reader,
      artefacts,
      installer,
      clock,
      publicUrl: ORIGIN,
    });
    routes.mount(app);
    downloadRoutes({ artefacts, installer, steps, log }).mount(app);
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
    const post = (path: string, fields: Record<string, string> = {}) =>
      app.request(path, { method: 'POST', headers: FORM, body: new URLSearchParams(fields).toString() });
    const make = async (fields: Partial<typeof GOOD> = {}) => {
      const answer = await post('/join', { ...GOOD, ...fields });
      const [cookie = ''] = answer.headers.getSetCookie();
      const text = /=(stoa1_[^;]+)/.exec(cookie)?.[1] ?? '';
      return { answer, cookie, text, path: answer.headers.get('location') ?? '' };
    };
    return { app, post, make, ledger, reader, steps, person, tokens };
  }

  it('makes a token of one use and 15 minutes, shows its command to its maker, and audits it without the secret', async () => {
    const { app, make } = open();
    const { answer, cookie, text, path } = await make();
    expect(answer.status).toBe(303);
    expect(cookie).toMatch(/Max-Age=900.*HttpOnly.*Secure.*SameSite=Strict/);
    const token = parseJoinToken(text);
    expect(token).toMatchObject({ hub: ORIGIN, owner: 'a@x.example', expiresAt: clock.time + 900_000 });
    const shown = await (await app.request(path, { headers: { cookie } })).text();
    expect(shown).toContain(`curl -fsS ${ORIGIN}/install.sh | sudo sh -s -- ${text}`);
    expect(shown).toContain(installer.sha256);
    const later = await (await app.request(path)).text();
    expect(later).not.toContain(text);
    expect(later).toContain('shown once');
    const [row] = await database.sql`select act, subject, detail::text as detail, actor from audit_log`;
    expect(row).toMatchObject({ act: 'token.create', subject: toHex(token.tokenId), actor: 'a@x.example' });
    expect(row?.['detail']).not.toContain(text.slice(-20));
  });

  it('shows nothing of a token to others, and lets only its owner or an Ancient Admin end it', async () => {
    const { app, make, post, person } = open();
    const { path } = await make();
    const id = path.split('/').at(-1)!;
    person.viewer = viewer('b@x.example');
    expect((await app.request(path)).status).toBe(404);
    expect((await post(`/tokens/${id}/revoke`)).status).toBe(404);
    expect(await (await app.request('/tokens')).text()).not.toContain(id);
    person.viewer = viewer('root@x.example', 'ancient');
    expect(await (await app.request('/tokens')).text()).toContain('a@x.example');
    expect((await post(`/tokens/${id}/revoke`)).status).toBe(303);
    expect((await post(`/tokens/${id}/revoke`)).status).toBe(303);
    const rows = await database.sql`select act, owner from audit_log where act = 'token.revoke'`;
    expect(rows).toEqual([{ act: 'token.revoke', owner: 'a@x.example' }]);
    expect(await (await app.request(path)).text()).toContain('The token is revoked');
  });

  it('makes no token that could not be audited', async () => {
    const { make } = open();
    await database.sql`alter table audit_log rename to audit_log_away`;
    try {
      expect((await make()).answer.status).toBe(500);
    } finally {
      await database.sql`alter table audit_log_away rename to audit_log`;
    }
    expect(await database.sql`select 1 from join_tokens`).toEqual([]);
  });

  it.each([
    [{ label: '' }, '1 to 56 characters'],
    [{ label: 'ü'.repeat(50) }, 'bytes of UTF-8'],
    [{ tags: 'a b c d e f g h i j k' }, 'at most 10 tags'],
    [{ tags: '<script>' }, 'letters, digits'],
    [{ nodes: '0' }, 'from 1 to 1000'],
    [{ nodes: '1e3' }, 'from 1 to 1000'],
    [{ minutes: '525600' }, 'Choose one'],
  ])('says at the field what is wrong with %o, and keeps what was typed', async (fields, message) => {
    const { make } = open();
    const { answer } = await make(fields);
    const page = await answer.text();
    expect([answer.status, page.includes(message)]).toEqual([422, true]);
    expect(page).not.toContain('<script>');
    expect(await database.sql`select 1 from join_tokens`).toEqual([]);
  });

  it('answers whatever is sent with a pointed 4xx, never with a 500', async () => {
    const { app, post } = open();
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\0', '%', "'", '\u202e'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('label', 'tags', 'nodes', 'minutes', 'x'), texts),
        texts,
        async (fields, text) => {
          const id = encodeURIComponent(text.toWellFormed());
          const answers = await Promise.all([
            post('/join', fields),
            app.request(`/join/${id}`),
            post(`/tokens/${id}/revoke`),
            app.request(`/tokens?after=${id}`),
            app.request(`/download/sha256/${id}`, { headers: { range: 'bytes=5-1' } }),
            app.request(`/download/${id}/statement`),
            app.request('/join-report', { method: 'POST', body: text }),
            app.request('/join-report', {
              method: 'POST',
              body: JSON.stringify({ result: text, checks: fields }),
            }),
          ]);
          for (const { status } of answers) expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('patches open checklists, and shows a host’s words as words', async () => {
    const { app, make, ledger, reader } = open();
    const { path } = await make({ label: '<b>attic</b>' });
    const id = path.split('/').at(-1)!;
    const source = joinSource({ ledger, reader, clock });
    expect(await source.admit(viewer('b@x.example'), [id, 'nonsense'])).toEqual([]);
    expect(await source.admit(viewer('a@x.example'), [id])).toEqual([id]);
    const before = (await source.changes(new Set([id]), new Set([id]))).get(id);
    expect(before).toContain('Waiting');
    const report = {
      result: 'fail',
      checks: [
        { id: 'disk', title: '<i>Disk</i>', result: 'fail', why: '<script>1</script>', fix: 'Free some' },
      ],
    };
    const sent = await app.request('/join-report', {
      method: 'POST',
      headers: { 'stoa-join': id, 'content-type': 'application/json' },
      body: JSON.stringify(report),
    });
    expect(sent.status).toBe(204);
    const after = (await source.changes(new Set([id]), new Set())).get(id);
    expect(after).toContain('&lt;script&gt;1&lt;/script&gt;<p>Free some</p>');
    expect(after).not.toContain('<script>');
    expect(await (await app.request(path)).text()).not.toContain('<b>attic');
  });

  it('marks steps of known tokens only, a bounded number of times, and no longer than an hour after their end', async () => {
    const { make, steps } = open();
    const { path } = await make();
    const id = path.split('/').at(-1)!;
    expect(await steps.mark('ff'.repeat(16), 'key')).toBe(false);
    const marked = await Promise.all(Array.from({ length: 80 }, () => steps.mark(id, 'key')));
    expect(marked.filter(Boolean)).toHaveLength(60);
    clock.time += 900_000 + 3_600_000;
    expect(await steps.mark(id, 'doctor')).toBe(false);
  });

  it('lists the newest first, fifty a page', async () => {
    const { app, tokens } = open();
    for (let i = 0; i < 53; i += 1) {
      clock.time += 1;
      await tokens.create({ owner: 'a@x.example', createdBy: 'a@x.example', label: `host-${i}` });
    }
    const first = await (await app.request('/tokens')).text();
    expect([first.includes('host-52'), first.includes('>host-2<')]).toEqual([true, false]);
    const next = /href="(\/tokens\?after=[^"]+)"/.exec(first)![1]!;
    const second = await (await app.request(next)).text();
    expect([second.includes('>host-2<'), second.includes('host-52'), second.includes('Older')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
