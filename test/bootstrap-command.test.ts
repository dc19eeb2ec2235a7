/** `stoa-hub bootstrap` and `stoa-hub ssh` beside a hub, against real OpenSSH on machines of their own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bootstrap } from '@stoa/hub/bootstrap';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BareHost, canHost } from './kit/bare-host.ts';
import { hubCommandFed } from './kit/hub-command.ts';
import { SshSite } from './kit/ssh-site.ts';
import { until } from './kit/until.ts';

describe.skipIf(!canHost)('stoa-hub bootstrap', { timeout: 240_000 }, () => {
  let site: SshSite;
  let worker: Bootstrap;
  let host: BareHost;
  beforeAll(async () => {
    site = await SshSite.open();
    worker = site.worker();
  }, 120_000);
  afterEach(() => host.close());
  afterAll(async () => {
    await worker.close();
    await site[Symbol.asyncDispose]();
  });

  const run = (input: string, ...words: string[]) =>
    hubCommandFed(
      { DATA_DIR: site.home.dataDir, REGION: site.home.region.name, EGRESS_ALLOW: '10.0.0.0/8' },
      input,
      ...words,
    );
  const fingerprint = async () =>
    (await host.exec('ssh-keygen -lf /etc/stoa-ssh-host.pub'))
      .split(' ')
      .find((word) => /^SHA256:/.test(word))!;
  const jobs = async () =>
    (await site.database.sql<[{ n: number }]>`select count(*)::int as n from jobs`)[0].n;

  it('makes a bare host a node that is online, then recovers it; asks nothing of a host whose key is not accepted', async () => {
    host = await site.host({ sudo: 'asks', fetched: true });
    const words = ['bootstrap', host.address, '--owner', site.owner, '--user', 'op', '--label', 'rack-7'];
    const unasked = await run(host.password, ...words, '--password-stdin');
    expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining('[not_confirmed]') as string });
    const unknown = await run(host.password, ...words, '--password-stdin', '--yes-known');
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('[host_key_unknown]') as string });
    const other = await run(host.password, ...words, '--password-stdin', '--host-key', 'SHA256:other');
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('[host_key_unknown]') as string });
    expect(await jobs()).toBe(0);

    const key = await fingerprint();
    const done = await run(`${host.password}\n`, ...words, '--password-stdin', '--host-key', key);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toContain(`${host.address}:22: done: node `);
    expect(done.out).not.toContain(host.password);
    const [node] = await site.database.sql<
      { node_id: string; owner: string }[]
    >`select node_id, owner from nodes where label = 'rack-7'`;
    expect(node?.owner).toBe(site.owner);
    await until('the node is online', async () => {
      const seen = await site.database.sql`select 1 from node_status where node_id = ${node!.node_id}`;
      return seen.length === 1;
    });

    const recovered = await run('', 'ssh', 'recover', node!.node_id, '--yes', '--json');
    expect(recovered.json()).toMatchObject({ jobs: [{ state: 'succeeded', nodeId: node!.node_id }] });

    const on = async (kind: string) => await run('', 'job', 'on', node!.node_id, kind, '--yes', '--json');
    expect((await on('system-probe')).json()).toMatchObject({
      jobs: [{ state: 'succeeded', nodeId: node!.node_id }],
    });
    const ways = await site.database.sql<{ kind: string; run: string }[]>`
      select kind, run from jobs where kind in ('system-probe', 'agent-recover') order by kind`;
    expect(ways).toEqual([
      { kind: 'agent-recover', run: 'ssh' },
      { kind: 'system-probe', run: 'agent' },
    ]);
    expect(await on('shell')).toMatchObject({
      code: 2,
      err: expect.stringContaining('[bad_option]') as string,
    });

    const csv = join(site.home.dataDir, 'hosts.csv');
    const line = (port: number) => `${host.address},${port},op,${host.password},rack-7\n`;
    await writeFile(csv, `host,port,user,password,label\n${line(23)}${line(22)}`);
    const again = await run('', 'bootstrap', '--csv', csv, '--owner', site.owner, '--yes-known', '--json');
    expect(again).toMatchObject({
      code: 1,
      err: expect.stringContaining('1 of 2 did not succeed') as string,
    });
    expect(again.json()).toMatchObject({
      jobs: [
        { state: 'succeeded', nodeId: node!.node_id, place: `${host.address}:22` },
        { state: 'refused', code: 'ssh_unreachable', place: `${host.address}:23` },
      ],
    });
  });

  it('ends with the reason of a job that failed, and refuses wrong use before it looks at any host', async () => {
    host = await site.host();
    const words = ['bootstrap', host.address, '--owner', site.owner, '--user', 'op', '--password-stdin'];
    const wrong = await run('hunter2', ...words, '--host-key', await fingerprint());
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('[jobs_failed]') as string });
    expect(wrong.out).toContain('ssh_login_refused');
    expect(wrong.out + wrong.err).not.toContain('hunter2');
    const uses = await Promise.all([
      run('', 'bootstrap', '--owner', site.owner),
      run('', 'bootstrap', host.address, '--owner', 'nobody'),
      run('', ...words, '--port', '0'),
      run('', 'ssh', 'recover', 'nonsense', '--yes'),
    ]);
    expect(uses.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
  });
});
