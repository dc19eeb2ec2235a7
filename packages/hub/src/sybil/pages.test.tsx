import { POINT } from '@stoa/protocol/stoicism';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { someViewer } from '../accounts/viewer.fixture.ts';
import { Assets } from '../console/assets.ts';
import { createHttpApp, type HubApp } from '../http.ts';
import type { Viewer } from '../viewer.ts';
import { DisputeStore } from './dispute-store.ts';
import { createSybilTools, DisputePanel, sybilPages } from './index.ts';

const NOW = Date.UTC(2026, 10, 26, 12);
const HOUR = Math.floor(NOW / 3_600_000) - 1;
const id = (i: number) => i.toString(16).padStart(64, '0');
/** Owner, address, score and points of each node. */
const NODES = [
  ['ann@x.example', '5.6.7.8', 1_500_000, 30n],
  ['ann@x.example', '::ffff:5.6.7.8', 500_000, 10n],
  ['bob@x.example', '5.6.7.9', 0, 20n],
  ['bob@x.example', '2001:db8:1:2::1', 1_000_000, 40n],
  ['=cat@x.example', '2001:db8:1:3::1%eth0', 1_000_000, 0n],
  ['dan@x.example', 'no address', 1_000_000, 0n],
] as const;

describe('clusters of nodes', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let viewer: Viewer;
  const clock = { now: () => NOW, after: () => () => undefined };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    await sql`create table stoicism_events_here partition of stoicism_events default`;
    for (const [i, [owner, address, micro, points]] of NODES.entries()) {
      await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
        values (${id(i)}, ${`node-${i}`}, ${owner}, 'eu', '\\x00', '\\x00', now())`;
      await sql`insert into sessions (node_id, instance_id, epoch, session_id, boot_id, ratchet_current, connected_at,
          version, protocol, address, transport)
        values (${id(i)}, 'a', 1, '', '', '\\x00', now(), '1', 1, ${address}, 'websocket')`;
      await sql`insert into scores (node_id, version, hub_hour, micro, review_micro, cause, job_id, attempt,
          baseline_version, committed_gb, hash, at)
        values (${id(i)}, 1, 0, ${micro}, ${micro}, 'benchmark', ${'00000000-0000-4000-8000-000000000000'}, 1, 0, 0,
          '\\x00', now())`;
      await sql`insert into stoicism_events (sequence, hour, kind, revision, node_id, account_id, ref, amount, minutes,
          micro_score, score_version, ran_at, hash)
        values (${i + 1}, ${HOUR}, 'accrual', 0, ${id(i)}, 'a', '', ${String(points * POINT)}, 0, 0, 0, now(), '\\x00')`;
    }
    await sql`insert into ledger_hours (hour, closed_at, passes, nodes, events, accrued, pending, matured, fees, revised, took_ms)
      values (${HOUR}, now(), 1, 6, 6, 0, 0, 0, 0, 0, 0)`;
    app = createHttpApp({
      features: [
        sybilPages({
          guard: async (c, next) => {
            c.set('viewer', viewer);
            await next();
          },
          ...{ tools: createSybilTools({ sql, clock }), sql, clock, audit: new AuditLog({ sql, clock }) },
        }),
      ],
      assets: await Assets.load(),
      site: { region: 'eu', network: 'stoa' },
      ...{ log: pino({ level: 'silent' }), clock, secure: false },
    });
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(() => as('ancient'));

  function as(tier: Viewer['tier']): void {
    viewer = { ...someViewer('root@x.example', tier), confirmedAt: NOW };
  }

  const json = async (query: string) =>
    (await (await app.request(`/admin/sybils.json?${query}`)).json()) as {
      clusters: {
        name: string;
        nodes: number;
        owners: number;
        score: string;
        earned: string;
        share: number;
      }[];
      more: boolean;
    };
  const post = (path: string, form: Record<string, string>) =>
    app.request(`/admin/sybils/${path}`, {
      ...{ method: 'POST', body: new URLSearchParams(form) },
      headers: { 'sec-fetch-site': 'same-origin' },
    });

  it('are those of an address, of a /24 and /48, or of an owner, with what they are worth', async () => {
    const told = async (by: string) =>
      (await json(`by=${by}`)).clusters.map(({ name, nodes, owners, score, earned, share }) =>
        [name, nodes, owners, score, earned, share].join(' '),
      );
    expect(await told('address')).toEqual(['5.6.7.8 2 1 2.000000 40 0.4']);
    expect(await told('network')).toEqual([
      '5.6.7.0/24 3 2 2.000000 60 0.6',
      '2001:db8:1::/48 2 2 2.000000 40 0.4',
    ]);
    expect(await told('owner')).toEqual([
      'ann@x.example 2 1 2.000000 40 0.4',
      'bob@x.example 2 1 1.000000 60 0.6',
    ]);
    expect((await app.request('/admin/sybils.json?by=colour')).status).toBe(400);
  });

  it('are a page for admins, and CSV that no spreadsheet runs', async () => {
    const page = await (await app.request('/admin/sybils?by=network')).text();
    for (const word of ['5.6.7.0/24', 'node-2', '60.00 %', 'Nothing is disputed', 'Off: an owner'])
      expect(page).toContain(word);
    const csv = await (await app.request('/admin/sybils.csv?by=network')).text();
    expect(csv).toContain(`network,5.6.7.0/24,3,0,0,${id(0)},node-0,ann@x.example,1.500000,30,`);
    expect(csv).toContain("'=cat@x.example");
    as('operator');
    for (const path of ['', '.csv', '.json'])
      expect((await app.request(`/admin/sybils${path}`)).status).toBe(404);
    as('modern');
    expect((await app.request('/admin/sybils')).status).toBe(200);
    expect((await post('cap', { nodes: '1', percent: '' })).status).toBe(404);
  });

  it('of an owner above the cap are named, and nothing else is done about them', async () => {
    expect((await post('cap', { nodes: '0', percent: 'x' })).status).toBe(422);
    expect((await post('cap', { nodes: '', percent: '50' })).status).toBe(303);
    expect(await (await app.request('/admin/sybils')).text()).toContain('60.00 % of what is earned, of 50 %');
    expect((await post('cap', { nodes: '1', percent: '' })).status).toBe(303);
    const page = await (await app.request('/admin/sybils')).text();
    expect(page.match(/2 nodes of 1/g)).toHaveLength(2);
    const acts = await database.sql`select detail from audit_log where act = 'sybil.owner-cap' order by seq`;
    expect(acts.map(({ detail }) => detail)).toEqual([{ percent: 50 }, { nodes: 1 }]);
    const [events] = await database.sql`select count(*)::int as count from stoicism_events`;
    expect(events).toEqual({ count: NODES.length });
  });

  it('that are disputed show it, to their owners without others’ nodes, until an Ancient decides', async () => {
    const store = new DisputeStore(database.sql);
    const certificate = { fingerprint: 'c'.repeat(43), holder: id(0), rival: id(2) };
    const seen = { host: '5.6.7.9', port: 1_789, dialler: id(3) };
    const evidence = [{ what: 'certificate', at: NOW, ...certificate, ...seen } as const];
    const subject = certificate.fingerprint;
    const raised = { disputeId: 'd'.repeat(16), kind: 'certificate', subject, at: NOW, evidence } as const;
    await store.raise({ ...raised, nodeIds: [id(0), id(2)] });
    const panel = new DisputePanel({ sql: database.sql, clock });
    const own = String(await panel.render(id(0)));
    expect(own).toContain('another node answered at port 1789 with the certificate of this one');
    expect(own).not.toContain(id(2).slice(0, 12));
    expect(await panel.render(id(1))).toBe('');
    expect(await (await app.request('/admin/sybils')).text()).toContain('5.6.7.9:1789');
    const decide = (word: string, reason: string, node = id(2)) =>
      post(`disputes/${raised.disputeId}`, { word, reason, node });
    expect((await decide('upheld', '')).status).toBe(422);
    expect((await decide('upheld', 'x', 'none')).status).toBe(422);
    expect((await decide('upheld', 'x', id(1))).status).toBe(404);
    as('modern');
    expect((await decide('upheld', 'x')).status).toBe(404);
    as('ancient');
    expect((await decide('upheld', 'one machine')).status).toBe(303);
    expect((await decide('dismissed', 'no')).status).toBe(404);
    expect(String(await panel.render(id(2)))).toContain('An Ancient Admin: one machine');
    expect(String(await panel.render(id(0)))).toContain('Open');
    expect((await decide('dismissed', 'its own', id(0))).status).toBe(303);
    expect(await panel.render(id(0))).toBe('');
    const page = await (await app.request('/admin/sybils')).text();
    expect(page.slice(page.indexOf('Disputes'), page.indexOf('Cap of an owner'))).not.toContain('@');
  });
});
