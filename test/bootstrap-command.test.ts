/** `stoa-hub bootstrap`, `stoa-hub ssh` and `stoa-hub worker` beside a hub, against real OpenSSH on machines of their own. */
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@stoa/hub';
import { SSH_QUEUE_POLICY } from '@stoa/hub/bootstrap';
import { PgBossQueue } from '@stoa/hub/seams/job-queue/index';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BareHost, canHost } from './kit/bare-host.ts';
import { hubCommandFed } from './kit/hub-command.ts';
import { SshSite } from './kit/ssh-site.ts';
import { until } from './kit/until.ts';
import { startWorker, type WorkerProcess } from './kit/worker-process.ts';

/** On the host: whoever comes to a gate first stays there until somebody writes to it. */
const GATES = `mkdir -m 777 /run/gates && mkfifo -m 666 /run/gates/key.opens /run/gates/service.opens
cat >/usr/local/bin/gate <<'TEXT'
#!/bin/sh
if mkdir "/run/gates/$1" 2>/dev/null; then read -r _ <"/run/gates/$1.opens"; fi
TEXT
cat >/usr/local/bin/shell-of-op <<'TEXT'
#!/bin/sh
/bin/sh "$@"
code=$?
case $* in *'mv authorized_keys.stoa'*) gate key ;; esac
exit $code
TEXT
mv /usr/local/bin/systemctl /usr/local/bin/systemctl.behind
cat >/usr/local/bin/systemctl <<'TEXT'
#!/bin/sh
gate service
exec systemctl.behind "$@"
TEXT
chmod 755 /usr/local/bin/*
usermod -s /usr/local/bin/shell-of-op op`;

describe.skipIf(!canHost)('stoa-hub bootstrap', { timeout: 240_000 }, () => {
  let site: SshSite;
  let workers: readonly WorkerProcess[] = [];
  let host: BareHost;
  beforeAll(async () => {
    site = await SshSite.open();
    workers = await Promise.all([1, 2, 3].map(() => startWorker(site.home)));
  }, 120_000);
  afterEach(() => host.close());
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill('SIGTERM')));
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

  it('F22 kill -9 of a worker in the middle: another one ends its job, and nothing is done twice', async () => {
    host = await site.host({ sudo: 'asks', fetched: true });
    await host.exec(GATES);
    const { sql } = site.database;
    // Its timers are what else comes after a quarter of a minute.
    await using _hasty = await PgBossQueue.open({
      ...{ sql, log: createLog({ level: 'silent' }), policy: { ...SSH_QUEUE_POLICY, leaseSeconds: 10 } },
    });
    const jobId = await site.begin(site.desk(), host);
    const row = async () => {
      const [found] = await sql<{ attempt: number; instance: string }[]>`
        select attempt, instance from jobs where job_id = ${jobId}`;
      return found;
    };
    const killedAt = async (gate: string) => {
      await until(`a worker is at the gate '${gate}'`, async () =>
        (await host.exec('ls /run/gates')).split('\n').includes(gate),
      );
      const holder = await row();
      const [worker] = workers.filter(({ pid }) => holder?.instance === `worker ${hostname()} ${pid}`);
      await worker!.kill('SIGKILL');
      const attempt = holder!.attempt + 1;
      await until(`it is taken up as attempt ${attempt}`, async () => {
        // Time passes: the lease of the row, that of the queue, and its pause.
        await sql`update jobs set leased_until = now() - interval '1 s'
          where job_id = ${jobId} and attempt < ${attempt} and leased_until is not null`;
        await sql`update job_queue.job set heartbeat_on = heartbeat_on - interval '1 h'
          where id = ${jobId} and state = 'active' and retry_count < ${attempt - 1}`;
        await sql`update job_queue.job set start_after = now() where id = ${jobId} and state = 'retry'`;
        return (await row())?.attempt === attempt;
      });
    };
    await killedAt('key');
    await killedAt('service');
    const installing = async () => (await host.exec('pgrep -xc flock || true')).trim();
    await until('the third waits for what the second has begun', async () => (await installing()) === '2');
    await host.exec('echo >/run/gates/service.opens');
    const job = await site.ended(jobId);
    expect({ ...job, log: await site.logOf(jobId) }).toMatchObject({
      ...{ state: 'succeeded', message: '', attempt: 3 },
    });
    const nodeId = String(job['node_id']);
    expect(await sql`select node_id, owner from nodes where label = 'rack-1'`).toEqual([
      { node_id: nodeId, owner: site.owner },
    ]);
    const keys = (await host.exec('cat /home/op/.ssh/authorized_keys')).trim().split('\n');
    expect(keys).toHaveLength(1);
    expect(await site.keysOf(nodeId)).toEqual(keys);
    expect(await host.exec('ls /etc/sudoers.d; pgrep -u stoa -fxc "/opt/stoa-agent/stoa-agent run"')).toMatch(
      /^op\nzz-stoa-hub-op\n1\n$/,
    );
    expect(await site.secretsOf(jobId)).toEqual([]);
    const lives = workers.filter(({ pid }) => job['instance'] === `worker ${hostname()} ${pid}`);
    expect(lives).toHaveLength(1);
  });
});
