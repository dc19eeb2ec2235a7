/** A bare host becomes a node over SSH: real OpenSSH, sudo, install.sh and agent on a machine of its own. */
import { randomBytes } from 'node:crypto';
import { AuditStore } from '@stoa/hub/audit';
import { type Bootstrap, SSH_HANDLERS, type SshHandler } from '@stoa/hub/bootstrap';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type BareHost, canHost } from './kit/bare-host.ts';
import { cutAt, cutAtEachStep, cutEverywhere } from './kit/cut-work.ts';
import { SshSite, standInAgent } from './kit/ssh-site.ts';
import { until } from './kit/until.ts';

/** Each test has a host of its own, and waits for it most of the time. */
describe.skipIf(!canHost)('over SSH', { timeout: 240_000, concurrent: true }, () => {
  let site: SshSite;
  let ssh: Bootstrap;
  /** Handlers that a test has put in place of the usual ones, by kind and node or place. */
  const swapped = new Map<string, SshHandler>();
  const usual =
    (kind: 'bootstrap' | 'key-reseat' | 'firewall-bootstrap'): SshHandler =>
    (job, kit) =>
      (swapped.get(`${kind} ${job.row.nodeId}`) ?? SSH_HANDLERS[kind])(job, kit);
  beforeAll(async () => {
    site = await SshSite.open();
    ssh = site.worker({
      ...SSH_HANDLERS,
      ...{ bootstrap: usual('bootstrap'), 'key-reseat': usual('key-reseat') },
      'firewall-bootstrap': usual('firewall-bootstrap'),
    });
  }, 120_000);
  afterAll(async () => {
    await ssh.close();
    await site[Symbol.asyncDispose]();
  });

  const STOP =
    'kill -9 $(cat /run/stoa-agent.pid); pkill -9 -u stoa; rm -f /var/lib/stoa-agent/status.sock; true';
  /** Makes it a node. @returns the node's id. */
  const bootstrapped = async (host: BareHost, port = 22): Promise<string> => {
    const jobId = await site.begin(ssh, host, { port });
    const { state, message, node_id: nodeId } = await site.ended(jobId);
    if (state !== 'succeeded') throw new Error(`it was not bootstrapped: ${String(message)}`);
    return String(nodeId);
  };

  /** Why SSH was used, as the tab of the node shows it. */
  const usesOf = async (nodeId: string): Promise<unknown[]> => {
    const filter = { act: 'ssh.use', subject: nodeId };
    const { rows } = await new AuditStore(site.database.sql).page({ kind: 'all' }, filter, { limit: 99 });
    return rows.map(({ detail }) => detail['reason']);
  };

  it('recovers a killed agent, a broken version and a lost identity', async ({ expect }) => {
    await using host = await site.host({ fetched: true });
    const nodeId = await bootstrapped(host);
    await host.exec(STOP);
    const killed = await site.run(ssh, 'agent-recover', nodeId);
    expect({ ...killed, log: await site.logOf(String(killed['job_id'])) }).toMatchObject({
      ...{ state: 'succeeded', message: '', node_id: nodeId },
      report: JSON.stringify({ nodeId, was: 'stopped' }),
    });
    await host.exec(
      `${STOP}; rm /opt/stoa-agent/stoa-agent; echo broken > /opt/stoa-agent/stoa-agent; chmod 755 /opt/stoa-agent/stoa-agent`,
    );
    expect(await site.run(ssh, 'agent-recover', nodeId)).toMatchObject({
      ...{ state: 'succeeded', message: '', node_id: nodeId },
    });
    await host.exec(
      `${STOP}; for f in $(find /var/lib/stoa-agent/identities/default -type f); do echo lost > $f; done`,
    );
    const lost = await site.run(ssh, 'agent-recover', nodeId);
    expect(lost).toMatchObject({ state: 'succeeded', message: '' });
    expect(lost['node_id']).not.toBe(nodeId);
    expect(await usesOf(String(lost['node_id']))).toContain('agent-recover');
    // Or the privileged unit would refuse the new node's work for ever.
    expect(await host.exec('cat /etc/stoa-agent/trust')).toContain(`node ${String(lost['node_id'])} `);
    expect(await host.exec('cat /etc/stoa-agent/trust')).not.toContain(nodeId);
  });

  it('makes a bare host a node that is online, forgets the password, and is nothing when run again', async ({
    expect,
  }) => {
    await using host = await site.host({ sudo: 'asks' });
    const jobId = await site.begin(ssh, host);
    const job = await site.ended(jobId);
    expect({ state: job['state'], message: job['message'], log: await site.logOf(jobId) }).toMatchObject({
      state: 'succeeded',
      message: '',
    });
    const { nodeId } = JSON.parse(String(job['report'])) as { nodeId: string };
    expect(job['node_id']).toBe(nodeId);
    const [node] = await site.database.sql`select label, owner from nodes where node_id = ${nodeId}`;
    expect(node).toEqual({ label: 'rack-1', owner: site.owner });
    await until('the node is online', async () => {
      const [row] = await site.database.sql`select 1 from node_status where node_id = ${nodeId}`;
      return row !== undefined;
    });
    const keys = await host.exec('cat /home/op/.ssh/authorized_keys');
    expect(keys).toMatch(
      new RegExp(`^ssh-ed25519 \\S+ stoa-hub:${site.owner}@${host.address}:[0-9a-f]{8}\\n$`),
    );
    expect(await site.secretsOf(jobId)).toEqual([]);
    const rows = await site.database.sql`select row_to_json(j)::text as text from jobs j
      union all select row_to_json(a)::text from audit_log a union all select row_to_json(b)::text from job_batches b`;
    const dump = [await site.logOf(jobId), ...rows.map((row) => row['text'])].join('\n');
    expect(dump).not.toContain(host.password);
    expect(dump).not.toContain('stoa1_');
    const uses = await site.database
      .sql`select detail->>'reason' as reason from audit_log where act = 'ssh.use' and subject = ${jobId}`;
    expect(uses.map((row) => row['reason'])).toContain('bootstrap');
    expect(await usesOf(nodeId)).toContain('bootstrap');

    const again = await site.ended(await site.begin(ssh, host));
    expect(again).toMatchObject({ state: 'succeeded', node_id: nodeId });
    expect(await host.exec('cat /home/op/.ssh/authorized_keys')).toBe(keys);
  });

  it('names a wrong password, a user without sudo, and a full disk; with what is missing given, it goes on', async ({
    expect,
  }) => {
    await using host = await site.host({ sudo: 'none', size: '40m' });
    const jobs: Record<string, unknown>[] = [];
    const ended = async (password?: string) => {
      const job = await site.ended(await site.begin(ssh, host, password === undefined ? {} : { password }));
      jobs.push(job);
      return job;
    };
    expect(await ended('hunter2')).toMatchObject({ state: 'failed', code: 'ssh_login_refused', attempt: 1 });
    expect(await ended()).toMatchObject({ state: 'failed', code: 'no_sudo' });
    await host.exec("echo 'op ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/op");
    const full = await ended();
    expect(full).toMatchObject({ state: 'failed', code: 'remote_disk_full' });
    expect(String(full['message'])).toContain('No space left on device');
    for (const job of jobs) expect(await site.secretsOf(String(job['job_id']))).toEqual([]);
  });

  it('works for who owns the node now, and signs in anew where its key is lost', async ({ expect }) => {
    await using host = await site.host({ fetched: true });
    const wrong = await site.ended(
      await site.begin(ssh, host, { password: 'hunter2', owner: 'first@stoa.example' }),
    );
    expect(wrong).toMatchObject({ state: 'failed', code: 'ssh_login_refused' });
    const begun = await site.ended(await site.begin(ssh, host, { owner: 'second@stoa.example' }));
    expect(begun).toMatchObject({ state: 'succeeded', message: '', owner: 'second@stoa.example' });
    const nodeId = String(begun['node_id']);
    const { sql } = site.database;
    expect(await sql`select owner from nodes where node_id = ${nodeId}`).toEqual([
      { owner: 'second@stoa.example' },
    ]);
    await sql`update nodes set owner = 'third@stoa.example' where node_id = ${nodeId}`;
    for (const kind of ['agent-install', 'agent-recover'] as const)
      expect(await site.run(ssh, kind, nodeId)).toMatchObject({
        ...{ state: 'succeeded', message: '', node_id: nodeId, owner: 'third@stoa.example' },
      });
    await sql`update vault_secrets set sealed = 'sealed:' || repeat('0', 16) || ':AAAA'
      where name in (select 'ssh-key/' || key_id from ssh_access where node_id = ${nodeId})`;
    expect(await site.run(ssh, 'key-reseat', nodeId)).toMatchObject({ state: 'failed', code: 'no_access' });
    expect(await site.run(ssh, 'key-reseat', nodeId, host.password)).toMatchObject({
      ...{ state: 'succeeded', message: '' },
    });
    expect(await site.run(ssh, 'agent-install', nodeId)).toMatchObject({ state: 'succeeded' });
  });

  it('repairs sudo, and sets a firewall that does not lock it out; where ufw rules, it only allows more', async ({
    expect,
  }) => {
    await using host = await site.host({ fetched: true, sudo: 'asks' });
    const nodeId = await bootstrapped(host);
    // Another login to the same host, whose own rule is read late: neither takes the other's away.
    await host.exec(
      "useradd -m zack && echo 'zack:later' | chpasswd && echo 'zack ALL=(ALL) ALL' > /etc/sudoers.d/zack",
    );
    const second = await site.ended(await site.begin(ssh, host, { user: 'zack', password: 'later' }));
    expect(second).toMatchObject({ state: 'succeeded', message: '', node_id: nodeId });
    for (const user of ['op', 'zack']) expect(await host.exec(`su ${user} -c 'sudo -n id -u'`)).toBe('0\n');
    await host.exec('rm /etc/sudoers.d/zz-stoa-hub-op /etc/sudoers.d/zz-stoa-hub-zack');
    expect(await site.run(ssh, 'firewall-bootstrap', nodeId)).toMatchObject({
      state: 'failed',
      code: 'no_sudo',
    });
    const repair = await ssh.desk.submit(site.viewer, {
      ...{ kind: 'sudoers-repair' as const, nodeId, params: {} },
      login: { kind: 'password' as const, password: 'later' },
    });
    expect(await site.ended(repair)).toMatchObject({ state: 'succeeded', message: '' });
    const set = await site.run(ssh, 'firewall-bootstrap', nodeId);
    expect(set).toMatchObject({ state: 'succeeded', message: '' });
    expect(JSON.parse(String(set['report']))).toEqual({ ports: '22,1789', changed: true, by: 'nftables' });
    const again = await site.run(ssh, 'firewall-reconcile', nodeId);
    expect(JSON.parse(String(again['report']))).toEqual({ ports: '22,1789', changed: false, by: 'nftables' });
    await host.exec('nft delete table inet stoa');
    expect(await site.run(ssh, 'firewall-reconcile', nodeId)).toMatchObject({
      state: 'succeeded',
      message: '',
    });
    expect(await host.exec('nft list table inet stoa')).toContain('tcp dport { 22, 1789 } accept');
    // As at a reboot, and then as who takes it away.
    await host.exec('nft flush ruleset; nft -f /etc/nftables.conf; nft list table inet stoa');
    await host.exec(
      'mv /etc/nftables.d/stoa.nft /tmp; nft -c -f /etc/nftables.conf; mv /tmp/stoa.nft /etc/nftables.d',
    );

    await host.exec('ufw allow 22/tcp && ufw --force enable');
    const byUfw = async () =>
      JSON.parse(String((await site.run(ssh, 'firewall-reconcile', nodeId))['report'])) as unknown;
    expect(await byUfw()).toEqual({ ports: '22,1789', changed: true, by: 'ufw' });
    expect(await byUfw()).toEqual({ ports: '22,1789', changed: false, by: 'ufw' });
    const status = await host.exec('ufw status; nft list tables');
    expect(status).toMatch(/^Status: active\n.*^22\/tcp +ALLOW.*^1789\/tcp +ALLOW/ms);
    expect(status).not.toContain('inet stoa');
  });

  it('is let in again by itself where the rules lock it out, also in place of rules that were confirmed', async ({
    expect,
  }) => {
    await using host = await site.host({ fetched: true });
    // A proxy before the SSH server: by what the host says we came in by 22, and in truth it is 2200.
    await host.exec(`(setsid node -e "const net = require('net'); net.createServer((a) => {
      const b = net.connect(22, '127.0.0.1'); a.pipe(b).pipe(a); a.on('error', () => b.destroy()); b.on('error', () => a.destroy());
    }).listen(2200, () => console.log('listens'))" >/run/proxy 2>&1 &) ; tail -n +1 -F /run/proxy 2>/dev/null | grep -m 1 listens`);
    const nodeId = await bootstrapped(host, 2200);
    const table = () => host.exec('nft -s list table inet stoa 2>&1 || true');
    const rolledBack = async (...cuts: string[]) => {
      swapped.set(`firewall-bootstrap ${nodeId}`, async (job, kit) => {
        const quick = { ...kit, rollBackSeconds: 3 };
        for (const step of cuts) await cutAt(step, SSH_HANDLERS['firewall-bootstrap'])(job, quick);
        return await SSH_HANDLERS['firewall-bootstrap'](job, quick);
      });
      const job = await site.run(ssh, 'firewall-bootstrap', nodeId);
      expect(job).toMatchObject({ state: 'failed', code: 'firewall_rolled_back', attempt: 1 });
      await until('the host has undone them', async () => !(await table()).includes('dport { 22, 1789 }'));
    };
    await rolledBack();
    expect(await table()).toContain('No such file or directory');
    const set = await ssh.desk.submit(site.viewer, {
      ...{ kind: 'firewall-reconcile' as const, nodeId, params: { allow: '1789,2200' } },
    });
    expect(await site.ended(set)).toMatchObject({ state: 'succeeded', message: '' });
    const confirmed = await table();
    expect(confirmed).toContain('dport { 22, 1789, 2200 }');
    // Whoever takes it up before the clock has run out gets in by the connection of before, and must not take what locks out
    // new ones for what was there.
    await rolledBack('sign in through them');
    expect(await table()).toBe(confirmed);
    expect(await host.exec('cat /etc/nftables.d/stoa.ports; ls /run/stoa')).toBe(
      '22,1789,2200firewall.new\nfirewall.replaced\nfirewall.undone\n',
    );
    expect(await site.run(ssh, 'key-reseat', nodeId)).toMatchObject({ state: 'succeeded', message: '' });
  });

  it('reaches a marked node without an agent for its tips, once a day in the audit log, and no other', async ({
    expect,
  }) => {
    await using host = await site.host({ fetched: true });
    const { viewer, database } = site;
    const nodeId = await bootstrapped(host);
    const poll = async () => {
      for (const task of ssh.leaderTasks) await task.tick();
      return (await site.cache.get('tips', [nodeId], 60_000)).get(nodeId)?.value;
    };
    expect(await poll()).toBeUndefined();
    await host.exec(
      `mkdir -p /www/chainweb/0.0/${site.home.network.network.name}; cd /www && echo '{"hashes":{"0":{"height":7,"hash":"x"}}}' > chainweb/0.0/${site.home.network.network.name}/cut; (setsid python3 -m http.server 1848 --bind 127.0.0.1 >/dev/null 2>&1 &)`,
    );
    await ssh.agentless.mark(viewer, nodeId, { ms: 3_600_000, reason: 'no room for an agent' });
    await until('the agent is heard of after the mark', async () => {
      const [row] = await database.sql`select 1 from node_status s join agentless_marks m using (node_id)
        where s.node_id = ${nodeId} and s.last_seen > m.set_at`;
      return row !== undefined;
    });
    expect(await poll()).toBeUndefined();
    const routine = ssh.agentless.record(
      { actor: 'hub', reason: 'probe', subject: nodeId, routine: true },
      { host: host.address, port: 22, user: 'op' },
    );
    await expect(routine).rejects.toMatchObject({ code: 'not_agentless' });
    const uses = async () =>
      (
        await database.sql`select 1 from audit_log where act = 'ssh.use' and subject = ${nodeId}
        and detail->>'reason' like 'tip poll%'`
      ).length;
    expect(await uses()).toBe(0);
    await host.exec('kill -9 $(cat /run/stoa-agent.pid); pkill -9 -u stoa; true');
    await until(
      'a tip is polled',
      async () => {
        await ssh.agentless.mark(viewer, nodeId, { ms: 3_600_000, reason: 'its agent is gone' });
        return (await poll()) !== undefined;
      },
      { everyMs: 500 },
    );
    expect(await poll()).toEqual([{ chain: 0, height: 7, hash: 'x' }]);
    expect(await uses()).toBe(1);
    await ssh.agentless.unmark(viewer, nodeId);
    expect(await ssh.agentless.due()).toEqual([]);
  });

  it('re-seats its key, cut off at each step: at no moment is there no key that works', async ({
    expect,
  }) => {
    await using host = await site.host({ fetched: true });
    const nodeId = await bootstrapped(host);
    const before = (await host.exec('cat /home/op/.ssh/authorized_keys')).trim();
    // A key of somebody else, which is none of ours to touch, without an end of line.
    await host.exec("printf '%s' 'ssh-ed25519 AAAA friend' >> /home/op/.ssh/authorized_keys");
    const cuts: number[] = [];
    let least = 9;
    const look = async () => {
      const lines = (await host.exec('cat /home/op/.ssh/authorized_keys')).split('\n');
      const works = await site.keysOf(nodeId);
      least = Math.min(least, lines.filter((line) => works.includes(line)).length);
    };
    swapped.set(`key-reseat ${nodeId}`, cutEverywhere(SSH_HANDLERS['key-reseat'], { look, cuts }));
    const jobId = await ssh.desk.submit(site.viewer, { kind: 'key-reseat', nodeId, params: {} });
    const job = await site.ended(jobId);
    expect({ state: job['state'], message: job['message'] }).toEqual({ state: 'succeeded', message: '' });
    expect(cuts.length).toBeGreaterThan(10);
    expect(least).toBeGreaterThanOrEqual(1);
    const after = await host.exec('cat /home/op/.ssh/authorized_keys');
    const ours = after.split('\n').filter((line) => line.includes('stoa-hub:'));
    expect(ours).toHaveLength(1);
    expect(ours[0]).not.toBe(before);
    expect(after).toContain('ssh-ed25519 AAAA friend\n');
    expect(await site.keysOf(nodeId)).toEqual(ours);
  });

  it('bootstraps, cut off at each step and run again: one key, one rule, one join, no secret left', async ({
    expect,
  }) => {
    await using host = await site.host({ sudo: 'asks' });
    const nodeId = randomBytes(32).toString('hex');
    const login = JSON.stringify({ kind: 'password', password: host.password });
    const cuts: string[] = [];
    const afresh = async (jobId: string) => {
      await host.exec(
        'rm -rf /home/op/.ssh /etc/sudoers.d/zz-stoa-hub-op /var/lib/stand-in /usr/local/bin/stoa-agent',
      );
      await site.database.sql`delete from ssh_access where host = ${host.address}`;
      await ssh.vault.seal(`ssh-login/${jobId}`, login);
    };
    const look = async (jobId: string, report: Readonly<Record<string, unknown>>) => {
      expect(report).toMatchObject({ nodeId });
      const keys = (await host.exec('cat /home/op/.ssh/authorized_keys')).trim().split('\n');
      expect(keys).toEqual(await site.keysOf(nodeId));
      expect(keys).toHaveLength(1);
      expect(await host.exec("su op -c 'sudo -n id -u'; cat /var/lib/stand-in/joins")).toBe('0\njoined\n');
      expect(await site.secretsOf(jobId)).toEqual([]);
    };
    swapped.set(`bootstrap ${host.address}:22`, (job, kit) => {
      const quick = { ...kit, ...standInAgent({ host, nodeId, owner: site.owner, kit }) };
      return cutAtEachStep(SSH_HANDLERS.bootstrap, { afresh, look, cuts })(job, quick);
    });
    const job = await site.ended(await site.begin(ssh, host));
    expect({ state: job['state'], message: job['message'] }).toEqual({ state: 'succeeded', message: '' });
    expect(cuts).toEqual([
      ...['install our key', 'sign in by our key', 'become root', 'prerequisites', 'install the agent'],
      'read its identity back',
    ]);
  });
});
