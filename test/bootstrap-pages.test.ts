/** Pages of work over SSH, over a console without a worker; hosts are real OpenSSH servers. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BareHost, canHost, startBareHost } from './kit/bare-host.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const ADMIN = 'admin@stoa.example';
const PASSWORD = 'correct horse battery';

describe('pages of work over SSH', { timeout: 120_000 }, () => {
  let world: ConsoleWorld;
  let cookie: string;
  let node: string;
  beforeAll(async () => {
    world = await openConsoleWorld({ nodes: 20 });
    cookie = await world.signIn();
    node = await world.nodeId('node-000003');
    await world.sql`insert into ssh_access (host, port, login, node_id, key_id, key_line, created_at)
      values ('192.0.2.7', 22, 'op', ${node}, 'k1', 'ssh-ed25519 AAAA stoa-hub:a@x.io@192.0.2.7:0badcafe', now())`;
    await world.sql`insert into ssh_host_keys (place, type, fingerprint, pinned_by, pinned_at)
      values ('192.0.2.7:22', 'ssh-ed25519', 'SHA256:pinned', ${ADMIN}, now())`;
  }, 120_000);
  afterAll(() => world.close());

  const as = (who: string, email: string) => {
    const at = (path: string) => new URL(`/o/${email}${path}`, world.url);
    const headers = { cookie: who, accept: 'text/html', origin: world.url };
    return {
      get: (path: string) => fetch(at(path), { headers, redirect: 'manual' }),
      post: (path: string, fields: Record<string, string> | [string, string][]) =>
        fetch(at(path), {
          ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) },
          headers: { ...headers, referer: at('/bootstrap').href },
        }),
    };
  };
  const admin = () => as(cookie, ADMIN);
  /** Links of the kit make admins: the second session finds the account as it is by then. */
  const operator = async (email: string) => {
    await world.signIn(email);
    await world.sql`update users set tier = 'operator' where email = ${email}`;
    return as(await world.signIn(email), email);
  };
  const place = (host: BareHost) => ({
    ...{
      host: host.address,
      port: '22',
      user: host.user,
      owner: 'a@x.io',
      label: 'rack-1',
      tags: 'lab home',
    },
  });
  const field = (html: string, name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)![1]!;
  const jobOf = async (answer: Response) => {
    expect(answer.status, await answer.clone().text()).toBe(303);
    return /\/jobs\/([\w-]{36})$/.exec(answer.headers.get('location')!)![1]!;
  };

  describe.skipIf(!canHost)('on a bare host', () => {
    let host: BareHost;
    beforeAll(async () => {
      host = await startBareHost();
    });
    afterAll(() => host.close());
    const fingerprint = async () => (await host.exec('ssh-keygen -lf /etc/stoa-ssh-host.pub')).split(' ')[1]!;

    it('shows its key, takes a password that is nowhere but in the vault, and leads to the job', async () => {
      const { get, post } = admin();
      const step2 = await (await post('/bootstrap', place(host))).text();
      expect(step2).toContain(await fingerprint());
      const begin = { ...place(host), fingerprint: field(step2, 'fingerprint'), password: PASSWORD, key: '' };
      const both = await post('/bootstrap/begin', { ...begin, key: 'x' });
      expect(both.status).toBe(422);
      const asked = await both.text();
      expect(asked).toContain('Either a password or a key.');
      expect(asked).not.toContain(PASSWORD);
      const jobId = await jobOf(await post('/bootstrap/begin', begin));
      const [job] = await world.sql`select kind, owner, node_id, params from jobs where job_id = ${jobId}`;
      expect(job).toMatchObject({ kind: 'bootstrap', owner: 'a@x.io', node_id: `${host.address}:22` });
      expect(JSON.parse(job!['params'] as string)).toMatchObject({ label: 'rack-1', tags: 'lab home' });
      const rows = await world.sql`select row_to_json(j)::text as text from jobs j
        union all select row_to_json(a)::text from audit_log a union all select row_to_json(b)::text from job_batches b
        union all select row_to_json(v)::text from vault_secrets v`;
      expect(rows.map((row) => row['text'] as string).join('\n')).not.toContain(PASSWORD);

      const page = await (await get(`/jobs/${jobId}`)).text();
      expect(page).toContain('a worker, over SSH');
      expect(page).not.toContain('Receipts');
      expect(await (await get('/jobs?kind=bootstrap')).text()).toContain(`/jobs/${jobId}`);
      expect(await (await get(`/jobs/batches/${jobId}`)).text()).toContain('bootstrap on 1 node');
      expect((await post(`/jobs/${jobId}/cancel`, {})).status).toBe(303);
      const over = await (await get(`/jobs/${jobId}`)).text();
      expect(over).toContain('Why cancelled?');
      const anew = /href="[^"]*(\/bootstrap\?[^"]*)"/.exec(over)![1]!.replaceAll('&amp;', '&');
      expect(await (await get(anew)).text()).toContain(`value="${host.address}"`);
      expect((await post(`/jobs/${jobId}/retry`, {})).status).toBe(303);
      expect(await (await get(`/jobs/${jobId}`)).text()).toContain('Why queued?');
    });

    it('sends nothing to a host that shows another key by now', async () => {
      const other = { fingerprint: `SHA256:${'A'.repeat(43)}`, password: PASSWORD, key: '' };
      const answer = await admin().post('/bootstrap/begin', { ...place(host), ...other });
      expect(answer.status).toBe(409);
      expect(await answer.text()).toContain('not the one that you accepted');
    });

    it('takes a list, tells which hosts answer, and queues those whose keys were ticked', async () => {
      const { post } = admin();
      const csv = `host,port,user,password,label\n${host.address},,op,"${PASSWORD}",rack-2\n${host.address},23,op,${PASSWORD},\n`;
      const step2 = await (await post('/bootstrap/hosts', { csv, owner: 'a@x.io', tags: '' })).text();
      expect(step2).toContain(await fingerprint());
      expect(step2).toContain('[ssh_unreachable]');
      expect(step2).not.toContain(PASSWORD);
      const sealed = field(step2, 'sealed');
      const none = await post('/bootstrap/hosts/begin', { sealed });
      expect(none.status).toBe(422);
      const begun = await post('/bootstrap/hosts/begin', { sealed, place: `${host.address}:22` });
      expect(begun.headers.get('location')).toContain('/jobs?kind=bootstrap');
      const [{ n }] = await world.sql<
        [{ n: number }]
      >`select count(*)::int as n from jobs where params like '%rack-2%'`;
      expect(n).toBe(1);
      const forged = await post('/bootstrap/hosts/begin', { sealed: `${sealed}x`, place: 'h:22' });
      expect(forged.status).toBe(422);
    });
  });

  it('tells why a host can not be looked at, and what is wrong with a list, without what stands in it', async () => {
    const { post } = admin();
    const typed = { host: '127.0.0.1', port: '22', user: 'op', owner: 'a@x.io', label: '', tags: '' };
    const inside = await post('/bootstrap', typed);
    expect(inside.status).toBe(422);
    expect(await inside.text()).toContain('[egress_refused]');
    const list = await post('/bootstrap/hosts', { csv: `h,22,Root!,${PASSWORD}`, owner: 'a@x.io', tags: '' });
    expect(list.status).toBe(422);
    const said = await list.text();
    expect(said).toContain('line 1: the third cell is no user');
    expect(said).not.toContain(PASSWORD);
  });

  it('shows how the hub reaches a node, and queues each act on it', async () => {
    const { get, post } = admin();
    const tab = await (await get(`/nodes/${node}/ssh`)).text();
    for (const text of [
      '192.0.2.7',
      'SHA256:pinned',
      'stoa-hub:a@x.io@192.0.2.7:0badcafe',
      'None that you may see',
    ])
      expect(tab).toContain(text);
    const acts: [string, Record<string, string>][] = [
      ['key-reseat', { password: PASSWORD }],
      ['sudoers-repair', { password: '' }],
      ['agent-recover', {}],
      ['agent-install', {}],
      ['firewall-bootstrap', { allow: '1789,1848' }],
      ['firewall-reconcile', { allow: '' }],
    ];
    for (const [kind, fields] of acts) {
      const jobId = await jobOf(await post(`/nodes/${node}/ssh/${kind}`, fields));
      expect(await (await get(`/jobs/${jobId}`)).text()).toContain(`>${kind}</h1>`);
      await post(`/jobs/${jobId}/cancel`, {});
      expect(await (await get(`/jobs/${jobId}`)).text()).toContain(`/nodes/${node}/ssh"`);
    }
    expect((await post(`/nodes/${node}/ssh/firewall-bootstrap`, { allow: 'all' })).status).toBe(422);
    for (const kind of ['bootstrap', 'system-probe'])
      expect((await post(`/nodes/${node}/ssh/${kind}`, {})).status).toBe(404);
    const bare = await (await get(`/nodes/${await world.nodeId('node-000005')}/ssh`)).text();
    expect(bare).toContain('The hub never signed in to this node');
  });

  it('marks a node agentless with a reason and an end, and takes the mark away: both are audited', async () => {
    const { get, post } = admin();
    const path = `/nodes/${node}/ssh/agentless`;
    const day = (ms: number) => new Date(Date.now() + ms).toISOString().slice(0, 10);
    expect((await post(path, { reason: 'no room', until: day(-3 * 86_400_000) })).status).toBe(422);
    expect((await post(path, { reason: 'no room', until: day(99 * 86_400_000) })).status).toBe(422);
    expect((await post(path, { reason: 'no room', until: day(9 * 86_400_000) })).status).toBe(303);
    const tab = async () => await (await get(`/nodes/${node}/ssh`)).text();
    expect(await tab()).toContain('no room');
    expect(await tab()).toContain('were not polled within the last two minutes');
    const chains = async () => await (await get(`/nodes/${node}/chains`)).text();
    const tips = [{ chain: 3, height: 4_711_042, hash: 'A'.repeat(43) }];
    await world.probes.put('tips', [{ nodeId: node, at: Date.now() - 5_000, value: tips }]);
    await world.sql`update node_status set last_seen = now() - interval '1 hour' where node_id = ${node}`;
    expect(await chains()).toMatch(/polled over SSH[\s\S]*4.711.042/);
    expect(await tab()).toContain('were polled');
    // A poll is told as a heartbeat is: within a second, not at the next look for safety's sake half a minute later.
    const events = await get(`/events?chains=${node}`);
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    const patchWith = async (height: RegExp) => {
      for (let text = ''; !height.test(text); text += (await reader.read()).value ?? '');
    };
    await patchWith(/4.711.042/);
    await world.probes.put('tips', [
      { nodeId: node, at: Date.now(), value: [{ ...tips[0]!, height: 4_711_043 }] },
    ]);
    const polledAt = Date.now();
    world.bus.publish('nodes', { ids: [node] });
    await patchWith(/4.711.043/);
    expect(Date.now() - polledAt).toBeLessThan(15_000);
    await reader.cancel();
    await world.sql`update node_status set last_seen = now() where node_id = ${node}`;
    expect(await chains()).not.toContain('polled over SSH');
    expect((await post(`${path}/remove`, {})).status).toBe(303);
    const acts =
      await world.sql`select act from audit_log where subject = ${node} and act like 'node.agentless%'
      order by seq`;
    expect(acts.map((row) => row['act'])).toEqual(['node.agentless', 'node.agentless-end']);
  });

  it('is not there for who may not see it, and asks an admin who was away to confirm', async () => {
    const stranger = await operator('stranger@x.io');
    for (const path of ['/bootstrap', '/bootstrap/hosts', `/nodes/${node}/ssh`, '/nodes/nonsense/ssh'])
      expect((await stranger.get(path)).status, path).toBe(404);
    for (const path of [
      '/bootstrap',
      '/bootstrap/begin',
      '/bootstrap/hosts',
      `/nodes/${node}/ssh/agent-recover`,
    ])
      expect((await stranger.post(path, {})).status, path).toBe(404);
    const [{ owner }] = await world.sql<[{ owner: string }]>`select owner from nodes where node_id = ${node}`;
    const his = await operator(owner);
    const tab = await (await his.get(`/nodes/${node}/ssh`)).text();
    expect(tab).toContain('Re-seat our key');
    expect(tab).not.toContain('Mark as agentless');
    const mark = { reason: 'mine', until: new Date(Date.now() + 86_400_000).toISOString().slice(0, 10) };
    expect((await his.post(`/nodes/${node}/ssh/agentless`, mark)).status).toBe(404);
    expect((await his.post(`/nodes/${node}/ssh/agentless/remove`, {})).status).toBe(404);

    const guest = await operator('guest@x.io');
    await world.sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
      values (${node}, 'guest@x.io', 'operator', ${owner}, now())`;
    const seen = await (await guest.get(`/nodes/${node}/ssh`)).text();
    expect(seen).toContain('192.0.2.7');
    expect(seen).not.toContain('Re-seat our key');
    expect((await guest.post(`/nodes/${node}/ssh/key-reseat`, {})).status).toBe(404);
    const [job] = await world.sql<{ job_id: string }[]>`select job_id from jobs where kind = 'key-reseat'`;
    const shown = await (await guest.get(`/jobs/${job!.job_id}`)).text();
    expect(shown).toContain('Why cancelled?');
    expect(shown).not.toContain('Run it anew');
    await guest.post(`/jobs/${job!.job_id}/retry`, {});
    expect(await (await guest.get(`/jobs/${job!.job_id}`)).text()).toContain('Why cancelled?');

    const late = await world.signIn('late@x.io');
    await world.sql`update user_sessions set created_at = now() - interval '6 minutes'
      where user_id = (select id from users where email = 'late@x.io')`;
    const away = as(late, 'late@x.io');
    for (const [path, fields] of [
      ['/bootstrap', {}],
      ['/bootstrap/begin', { password: PASSWORD }],
      ['/bootstrap/hosts', {}],
      [`/nodes/${node}/ssh/agent-recover`, {}],
      [`/nodes/${node}/ssh/agentless`, mark],
      [`/nodes/${node}/ssh/agentless/remove`, {}],
    ] as const)
      expect((await away.post(path, fields)).headers.get('location'), path).toContain('/confirm?');
  });

  it('answers whatever is sent with a page, never with a fault of the hub', async () => {
    const paths = [
      '/bootstrap',
      '/bootstrap/begin',
      '/bootstrap/hosts',
      '/bootstrap/hosts/begin',
      `/nodes/${node}/ssh/agentless`,
      `/nodes/${node}/ssh/firewall-bootstrap`,
      `/nodes/${node}/ssh/key-reseat`,
    ];
    const name = fc.constantFrom(
      ...[
        'host',
        'port',
        'user',
        'owner',
        'label',
        'tags',
        'fingerprint',
        'password',
        'key',
        'csv',
        'sealed',
      ],
      ...['place', 'reason', 'until', 'allow', 'other'],
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom('127.0.0.1', '22', 'op', 'a@x.io', '', '2026-02-31', '9999-12-31', '99999'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.array(fc.tuple(name, value), { maxLength: 9 }),
        async (path, fields) => {
          expect((await admin().post(path, fields)).status).toBeLessThan(500);
          const query = new URLSearchParams(fields).toString();
          expect((await admin().get(`/bootstrap?${query}`)).status).toBeLessThan(500);
        },
      ),
      { numRuns: 80 },
    );
  });
});
