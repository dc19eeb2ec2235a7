import { orderKind, parseOrderDraft, seal, toBase64Url, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const NODES = 40;

describe('pages of jobs', { timeout: 120_000 }, () => {
  let world: ConsoleWorld;
  let cookie: string;
  let node: string;

  beforeAll(async () => {
    world = await openConsoleWorld({ nodes: NODES });
    cookie = await world.signIn();
    node = await world.nodeId('node-000003');
    await world.sql`insert into node_work (node_id, kinds, runs, policy, site, said_at)
      select node_id, '{system-probe,stoachain-control}', case when label < 'node-000011'
        then '{system-probe,stoachain-control}'::text[] else '{system-probe}'::text[] end,
        case when label < 'node-000011' then '' else 'deny disruptive' end, '', now()
      from nodes where label <= 'node-000020' and refused_at is null and quarantined_at is null and retired_at is null`;
  }, 120_000);
  afterAll(() => world.close());

  const at = (path: string) => new URL(`/o/admin@stoa.example${path}`, world.url);
  const get = (path: string) =>
    fetch(at(path), { headers: { cookie, accept: 'text/html' }, redirect: 'manual' });
  const post = (path: string, fields: Record<string, string>) =>
    fetch(at(path), {
      method: 'POST',
      headers: { cookie, accept: 'text/html', origin: world.url },
      body: new URLSearchParams(fields),
      redirect: 'manual',
    });
  const pathOf = (answer: Response) =>
    answer.headers.get('location')!.replace(/^.*\/o\/admin@stoa\.example/, '');
  const shown = (html: string) => /name="shown" value="(\d+)"/.exec(html)![1]!;
  const batchOf = (html: string) => /name="batch" value="([\w-]+)"/.exec(html)![1]!;

  it('says what to do while there is no job, and what kinds there are', async () => {
    expect(await (await get('/jobs')).text()).toContain('No job was run yet');
    expect(await (await get('/jobs/queue')).text()).toContain('Nothing waits and nothing runs');
    const kinds = await (await get('/jobs/kinds')).text();
    expect(kinds).toContain('stoachain-upgrade');
    expect(kinds).toContain('its owner or an admin');
  });

  it('shows who would get a job and who refuses by which rule, before anything is done', async () => {
    const page = await (
      await get('/jobs/run?kind=stoachain-control&q=label:node-0000*&p.action=restart')
    ).text();
    expect(page).toContain('have never said what they can do');
    expect(page).toContain('deny disruptive');
    expect(page).toContain('Write the order, and sign it');
    const [{ jobs }] = await world.sql<[{ jobs: number }]>`select count(*)::int as jobs from jobs`;
    expect(jobs).toBe(0);
  });

  it('submits once what was shown, however often the form is sent', async () => {
    const page = await (await get('/jobs/run?kind=system-probe&q=label:node-00000*')).text();
    const form = { kind: 'system-probe', q: 'label:node-00000*', shown: shown(page), batch: batchOf(page) };
    const first = await post('/jobs/run', form);
    expect(first.status).toBe(303);
    expect(pathOf(await post('/jobs/run', form))).toBe(pathOf(first));
    const batch = await (await get(pathOf(first))).text();
    expect(batch).toContain(`0 of ${form.shown} over`);
    expect(batch).toContain('/events?');
    expect(await (await get('/jobs?state=queued&kind=system-probe&q=node-000003')).text()).toContain(
      'node-000003',
    );
    expect(await (await get('/jobs/queue')).text()).toContain('system-probe');
    const stale = await post('/jobs/run', { ...form, shown: '3', batch: '' });
    expect(stale.status).toBe(409);
    expect(await stale.text()).toContain('It would go to');
  });

  it('shows a job, cancels it and queues it anew', async () => {
    const [{ job_id: id }] = await world.sql<
      [{ job_id: string }]
    >`select job_id from jobs where node_id = ${node}`;
    const page = await (await get(`/jobs/${id}`)).text();
    expect(page).toContain('Why queued?');
    expect(page).toContain('Nothing was written yet.');
    expect((await post(`/jobs/${id}/cancel`, {})).status).toBe(303);
    expect(await (await get(`/jobs/${id}`)).text()).toContain('Why cancelled?');
    expect((await post(`/jobs/${id}/retry`, {})).status).toBe(303);
    expect(await (await get(`/jobs/${id}`)).text()).toContain('Why queued?');
    const tab = await (await get(`/nodes/${node}/jobs`)).text();
    expect(tab).toContain(`/jobs/${id}`);
    expect(tab).toContain('no line denies it');
  });

  it('leads from work that changes nodes to its order; without a key it says so', async () => {
    const page = await (
      await get('/jobs/run?kind=stoachain-control&q=label:node-000003&p.action=restart')
    ).text();
    const answer = await post('/jobs/run', {
      kind: 'stoachain-control',
      q: 'label:node-000003',
      'p.action': 'restart',
      shown: shown(page),
      batch: batchOf(page),
    });
    expect(answer.status).toBe(409);
    expect(await answer.text()).toMatch(/key/);
  });

  describe('of what was backed up', () => {
    const SHA = 'ab'.repeat(32);
    const path = `/var/lib/stoa-agent/nodes/1/backups/${SHA}.stoa-archive`;
    /** Of the node; of another one, it is nobody's to fetch. */
    const inStorage = (of = node) => `https://s3.example/backups/${of.slice(0, 16)}/20261126T080000`;
    const made = async (kind: string, to: string, report: Record<string, unknown>) => {
      const params = kind === 'backup-stoachain' ? JSON.stringify({ to }) : '{}';
      const [row] = await world.sql<[{ id: string }]>`
        with b as (insert into job_batches (batch_id, run, kind, params, selector, node_count, created_by, created_at)
          values (gen_random_uuid(), 'agent', ${kind}, ${params}, '', 1, 'a@x.io', now()) returning batch_id)
        insert into jobs (batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, state, max_attempts,
          scheduled_at, deadline, created_at, ended_at, report)
        select batch_id, ${node}, 'a@x.io', 'agent', ${kind}, 'disruptive', true, true, ${params}, 'succeeded', 3, now(),
          now(), now(), now(), ${JSON.stringify({ sha256: SHA, ...report })} from b returning job_id as id`;
      return row.id;
    };

    it('lists backups and seeds, says how each is fetched, proven and put back, and leads to its acts', async () => {
      const none = await (await get(`/nodes/${node}/backups`)).text();
      for (const text of ['No backup of this node is known', 'has no key that a backup could be sealed to'])
        expect(none).toContain(text);
      await world.sql`insert into owner_keys (owner, serial, public_key, made_in, since)
        select owner, 1, ${Buffer.alloc(32, 0xcd)}, 'browser', now() from nodes where node_id = ${node}`;
      const [onDisk, stored, ...foreign] = await Promise.all([
        made('backup-stoachain', 'disk', { bytes: 5_000_000_000, to: path, sealedTo: 'cd'.repeat(32) }),
        made('backup-stoachain', `${inStorage()}?X-Amz-Signature=spent`, { bytes: 7, to: 'storage' }),
        made('backup-stoachain', 'https://mine.example/b?sig=spent', { bytes: 7, to: 'storage' }),
        made('backup-stoachain', inStorage('f'.repeat(64)), { bytes: 7, to: 'storage' }),
      ]);
      await made('seed-promote', '', { from: SHA, file: '/var/lib/stoachain/seeds/seed.tar.zst' });
      const tab = await (await get(`/nodes/${node}/backups`)).text();
      for (const text of ['4.7 GiB', 'storage at s3.example', 'seed.tar.zst', 'Back it up to the storage'])
        expect(tab).toContain(text);
      expect(tab).not.toContain('spent');
      const disk = await (await get(`/nodes/${node}/backups/${onDisk}`)).text();
      expect(disk).toContain(`rsync --partial --append-verify root@HOST:&#39;${path}&#39;`);
      expect(disk).toContain(`--sha256 ${SHA}`);
      expect(disk).toContain('only the node itself can');
      const promote = await post(`/nodes/${node}/backups/${onDisk}/use/seed-promote`, {});
      const asked = new URLSearchParams(pathOf(promote).split('?')[1]);
      expect(Object.fromEntries(asked)).toEqual({
        ...{ kind: 'seed-promote', q: `id:${node}`, 'p.from': 'disk', 'p.sha256': SHA },
      });
      expect((await get(pathOf(promote))).status).toBe(200);
      const page = await (await get(`/nodes/${node}/backups/${stored}`)).text();
      expect(page).not.toContain('X-Amz-Signature');
      const job = await (await get(`/jobs/${stored}`)).text();
      expect(job).toContain('20261126T080000?…');
      const batch = await (await get(/\/jobs\/batches\/[\w-]+/.exec(job)![0])).text();
      expect(job + batch).not.toContain('spent');
      // All of it is over: a stream would begin with that, and have the page asked for once more.
      expect(batch).not.toContain('/events?');
      const linked = await post(`/nodes/${node}/backups/${stored}/link`, {});
      expect(linked.headers.get('cache-control')).toBe('no-store');
      expect(await linked.text()).toMatch(
        /curl --fail --continue-at - .*https:\/\/s3\.example\/backups\/[0-9a-f]{16}\/20261126T080000\?.*X-Amz-Signature=[0-9a-f]{64}/,
      );
      const restore = await post(`/nodes/${node}/backups/${stored}/use/backup-restore`, {});
      expect(new URLSearchParams(pathOf(restore).split('?')[1]).get('p.from')).toContain(`${inStorage()}?`);
      for (const job of foreign)
        expect((await post(`/nodes/${node}/backups/${job}/link`, {})).status).toBe(409);
      const place = await post(`/nodes/${node}/backups/place`, {});
      expect(new URLSearchParams(pathOf(place).split('?')[1]).get('p.to')).toContain(
        'https://s3.example/backups/',
      );
      const acts =
        await world.sql`select act, detail->>'use' as use, detail->>'object' as object from audit_log
        where act like 'backup.%' and subject = ${node} order by seq`;
      expect(acts).toMatchObject([
        { act: 'backup.link', use: 'download', object: inStorage() },
        { act: 'backup.link', use: 'backup-restore', object: inStorage() },
        { act: 'backup.place', use: null, object: expect.stringMatching(/\/\d{8}T\d{9}$/) },
      ]);
    });

    it('shows a colleague who only looks at the node no link, and a stranger nothing', async () => {
      const [{ id }] = await world.sql<[{ id: string }]>`
        select job_id as id from jobs where node_id = ${node} and params like '%spent%' and params like '%s3.example%'`;
      const as = async (email: string) => {
        await world.signIn(email);
        await world.sql`update users set tier = 'operator' where email = ${email}`;
        const headers = { cookie: await world.signIn(email), accept: 'text/html', origin: world.url };
        const to = (tail: string) => new URL(`/o/${email}/nodes/${node}/backups${tail}`, world.url);
        return {
          see: (tail: string) => fetch(to(tail), { headers, redirect: 'manual' }),
          ask: (tail: string) => fetch(to(tail), { headers, method: 'POST', redirect: 'manual' }),
        };
      };
      const acts = ['/place', `/${id}/link`, `/${id}/use/seed-promote`];
      const stranger = await as('stranger@x.io');
      for (const tail of ['', `/${id}`]) expect((await stranger.see(tail)).status).toBe(404);
      for (const tail of acts) expect((await stranger.ask(tail)).status, tail).toBe(404);
      await world.sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
        values (${node}, 'guest@x.io', 'viewer', 'a@x.io', now())`;
      const guest = await as('guest@x.io');
      const page = await (await guest.see(`/${id}`)).text();
      expect(page).toContain('Verify and restore');
      expect(page).not.toContain('Promote to seed');
      for (const tail of acts) expect((await guest.ask(tail)).status, tail).toBe(404);
      expect((await guest.see('/nonsense')).status).toBe(404);
      // What was presigned is in the form for whoever may run it, and nowhere else.
      await world.sql`update jobs set state = 'failed' where job_id = ${id}`;
      const anew = /href="[^"]*(\/jobs\/run\?[^"]*)"/.exec(await (await get(`/jobs/${id}`)).text())![1]!;
      const asked = new URL(anew.replaceAll('&amp;', '&'), world.url).searchParams;
      expect([asked.get('kind'), asked.get('p.to')]).toEqual([
        'backup-stoachain',
        expect.stringContaining('spent'),
      ]);
      const seen = await (await guest.see(`/../../../jobs/${id}`)).text();
      expect(seen).toContain('s3.example');
      expect(seen).not.toContain('spent');
    });
  });

  it('is not there for whoever may not see it, nor for what is no id', async () => {
    for (const path of [
      '/jobs/nonsense',
      '/jobs/00000000-0000-4000-8000-000000000000',
      '/jobs/batches/00000000-0000-4000-8000-000000000000',
      '/jobs/00000000-0000-4000-8000-000000000000/log',
    ])
      expect((await get(path)).status, path).toBe(404);
    const stranger = await fetch(new URL('/jobs', world.url), {
      headers: { accept: 'text/html' },
      redirect: 'manual',
    });
    expect(stranger.headers.get('location')).toContain('/sign-in');
  });

  it('answers whatever is typed with a page, never with a fault of the hub', async () => {
    const fields = fc.dictionary(
      fc.constantFrom('kind', 'q', 'p.action', 'p.image', 'shown', 'batch', 'order', 'state', 'after'),
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.constantFrom('system-probe', 'stoachain-control', 'restart', '7'),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fields, fc.constantFrom('/jobs', '/jobs/run'), async (typed, path) => {
        const query = new URLSearchParams(typed).toString();
        expect((await get(`${path}?${query}`)).status).toBeLessThan(500);
        if (path === '/jobs/run') expect((await post(path, typed)).status).toBeLessThan(500);
      }),
      { numRuns: 60, examples: [[{ q: '\0' }, '/jobs']] },
    );
  });

  describe('to a rollout of chainweb-node', () => {
    const IMAGE = `ghcr.io/stoa/chainweb@sha256:${'ab'.repeat(32)}`;
    const what = { version: '2.27.1', 'p.image': IMAGE, 'p.gateMinutes': '20' };
    const place = `/admin/rollouts/chainweb?${new URLSearchParams(what)}`;
    const key = nodeCrypto.signingKey(new Uint8Array(32).fill(9));

    it('lead by what it would touch and the order to sign, and then show it', async () => {
      const { sql } = world;
      await sql`update nodes set owner = 'admin@stoa.example', chainweb_version = '2.26.1'
        where label between 'node-000030' and 'node-000033'`;
      await sql`insert into node_work (node_id, kinds, runs, said_at)
        select node_id, '{stoachain-upgrade}', '{stoachain-upgrade}', now() from nodes
        where label between 'node-000030' and 'node-000033'
        on conflict (node_id) do update set kinds = excluded.kinds, runs = excluded.runs`;
      const asked = await (await get('/admin/rollouts/chainweb')).text();
      expect(asked).toContain('Show what it would do');
      expect((await get('/admin/rollouts/chainweb?version=newest')).status).toBe(400);
      const page = await (await get(place)).text();
      for (const text of ['Blast radius', 'Write the order, and sign it', 'chainweb:&lt;2.27.1'])
        expect(page).toContain(text);
      const form = { ...what, q: 'chainweb:<2.27.1', shown: shown(page) };
      expect(Number(form.shown)).toBeGreaterThan(0);
      const keyless = await post('/admin/rollouts/chainweb', form);
      expect([keyless.status, await keyless.text()]).toEqual([
        409,
        expect.stringContaining('no key to sign'),
      ]);

      await sql`insert into owner_keys (owner, serial, public_key, made_in, since)
        values ('admin@stoa.example', 1, ${Buffer.from(key.publicKey)}, 'browser', now())`;
      const again = await (await get(place)).text();
      const drafted = await post('/admin/rollouts/chainweb', { ...form, shown: shown(again) });
      const toSign = pathOf(drafted);
      expect([drafted.status, toSign]).toEqual([303, expect.stringContaining('/orders/')]);
      const draft = await (await get(`${toSign.split('?')[0]}/draft.json`)).text();
      const { order } = parseOrderDraft(draft, nodeCrypto);
      const back = await post(toSign, { signed: toBase64Url(seal(orderKind, order, key)) });
      expect(pathOf(back)).toContain('/admin/rollouts/chainweb?');
      const signed = await (await get(pathOf(back))).text();
      expect(signed).toContain('The order is signed.');
      const orderId = toHex(order.orderId);
      const begun = await post('/admin/rollouts/chainweb', { ...form, shown: shown(signed), order: orderId });
      expect(begun.status).toBe(303);
      const rollout = await (await get(pathOf(begun))).text();
      for (const text of [
        'chainweb 2.27.1',
        'signed by admin@stoa.example',
        IMAGE,
        'puts the former program back',
      ])
        expect(rollout).toContain(text);
      expect(await (await get('/admin/rollouts')).text()).toContain('chainweb');
      const [own] = await sql<[{ id: string }]>`select node_id as id from nodes where label = 'node-000030'`;
      expect(await (await get(`/nodes/${own.id}/updates`)).text()).toContain('Rollout of chainweb 2.27.1');
    });
  });
});
