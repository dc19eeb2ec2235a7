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
      { numRuns: 60 },
    );
  });
});
