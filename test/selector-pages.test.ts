import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const NODES = 2_300;

describe('pages that take a selector', { timeout: 120_000 }, () => {
  let world: ConsoleWorld;
  let cookie: string;
  let node: string;

  beforeAll(async () => {
    world = await openConsoleWorld({ nodes: NODES });
    cookie = await world.signIn();
    node = await world.nodeId('node-000060');
  }, 120_000);
  afterAll(() => world.close());

  const get = (path: string, accept = 'text/html') =>
    fetch(new URL(`/o/admin@stoa.example${path}`, world.url), {
      headers: { cookie, accept },
      redirect: 'manual',
    });
  const post = (path: string, fields: Record<string, string>) =>
    fetch(new URL(`/o/admin@stoa.example${path}`, world.url), {
      method: 'POST',
      headers: { cookie, accept: 'text/html', origin: world.url },
      body: new URLSearchParams(fields),
      redirect: 'manual',
    });
  const query = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

  it('lists what a selector finds, with its number, and points at what is wrong with one', async () => {
    const html = await (await get('/nodes?q=label:node-00007*+-region:eu')).text();
    expect(html).toContain('8 nodes match');
    const wrong = await get('/nodes?q=rack+stat:offline');
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('did you mean &#39;state&#39;');
    const json = await get('/nodes?q=rack+stat:offline', 'application/json');
    expect(await json.json()).toMatchObject({ code: 'bad_selector' });
  });

  it('takes the addresses of before the language', async () => {
    expect(await (await get('/nodes?state=offline&q=node')).text()).toContain('<q>state:offline node</q>');
    expect((await get('/nodes?state=nonsense')).status).toBe(400);
  });

  it('streams all that a selector finds as CSV, in the order of the list', async () => {
    const answer = await get('/nodes.csv');
    expect(answer.headers.get('content-type')).toContain('text/csv');
    const lines = (await answer.text()).trimEnd().split('\r\n');
    expect(lines).toHaveLength(NODES + 1);
    expect(lines[1]).toMatch(/^[0-9a-f]{64},node-000001,/);
    const some = (await (await get('/nodes.csv?q=label:node-00000*')).text()).trimEnd().split('\r\n');
    expect(some).toHaveLength(10);
    expect((await get('/nodes.csv?q=stat:x')).status).toBe(400);
  });

  it('completes fields and the values that the data holds', async () => {
    const offered = async (q: string) =>
      (
        (await (await get(`/nodes/suggest?${query({ q, at: String(q.length) })}`)).json()) as {
          insert: string;
        }[]
      ).map(({ insert }) => insert);
    expect(await offered('sta')).toEqual(['state:']);
    expect(await offered('region:a')).toEqual(expect.arrayContaining(['af', 'apac']));
    expect(await offered('tag:ra')).toEqual(['rack-0', 'rack-1', 'rack-2']);
  });

  it('keeps views, renames and deletes them, of the viewer only', async () => {
    expect((await post('/views', { name: 'Gone', q: 'state:offline' })).headers.get('location')).toMatch(
      /\/nodes\?q=state%3Aoffline$/,
    );
    const page = await (await get('/views')).text();
    const id = /views\/([\w-]+)\/rename/.exec(page)![1]!;
    expect((await post(`/views/${id}/rename`, { name: 'Silent' })).status).toBe(303);
    expect(await (await get('/views/menu')).text()).toContain('>Silent</a>');
    expect((await post('/views', { name: '', q: '' })).status).toBe(422);
    expect((await post('/views/nobody/delete', {})).status).toBe(404);
    expect((await post(`/views/${id}/delete`, {})).status).toBe(303);
    expect(await (await get('/views')).text()).toContain('No view yet');
  });

  it('tags a node and keeps notes that are inert', async () => {
    expect((await post(`/nodes/${node}/tags`, { tags: 'lab rack-9, lab' })).status).toBe(303);
    expect(await (await get('/nodes?q=tag:rack-9+tag:lab')).text()).toContain('1 node matches');
    const bad = await post(`/nodes/${node}/tags`, { tags: 'ok =bad*' });
    expect([bad.status, (await bad.text()).includes('value="ok =bad*"')]).toEqual([422, true]);
    await post(`/nodes/${node}/notes`, { text: '<script>alert(1)</script>' });
    const page = await (await get(`/nodes/${node}/notes`)).text();
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).not.toContain('<script>alert');
    const id = /notes\/(\d+)\/delete/.exec(page)![1]!;
    expect((await post(`/nodes/${node}/notes/${id}/delete`, {})).status).toBe(303);
    expect((await post(`/nodes/${node}/notes/${id}/delete`, {})).status).toBe(404);
  });

  it('answers anything with less than 500', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(
        '\0',
        'a"',
        '((',
        'tag:\\',
        "tag:'",
        'label:%',
        'version:<',
        'x'.repeat(1_200),
        '-',
        'id:zz',
        '99999',
      ),
    );
    const fields = fc.dictionary(
      fc.constantFrom('q', 'state', 'after', 'before', 'at', 'changed', 'name', 'tags', 'text', 'x'),
      text,
    );
    await fc.assert(
      fc.asyncProperty(
        fields,
        fc.constantFrom('/nodes', '/nodes.csv', '/nodes/suggest', '/bulk', '/views', `/nodes/${node}/notes`),
        fc.constantFrom(
          '/views',
          '/views/x/rename',
          '/views/x/delete',
          `/nodes/${node}/tags`,
          `/nodes/${node}/notes`,
          `/nodes/${node}/notes/9/delete`,
        ),
        async (given, read, write) => {
          const answers = [await get(`${read}?${query(given)}`), await post(write, given)];
          for (const answer of answers) {
            await answer.arrayBuffer();
            expect(answer.status).toBeLessThan(500);
          }
        },
      ),
      { numRuns: 250 },
    );
  });
});
