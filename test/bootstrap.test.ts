/** A bare host becomes a node over SSH: real OpenSSH, sudo, install.sh and agent on a machine of its own. */
import { randomUUID } from 'node:crypto';
import { type Bootstrap, SSH_HANDLERS, type SshHandler } from '@stoa/hub/bootstrap';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BareHost, canHost } from './kit/bare-host.ts';
import { SshSite } from './kit/ssh-site.ts';
import { until } from './kit/until.ts';

describe.skipIf(!canHost)('over SSH', { timeout: 240_000 }, () => {
  let site: SshSite;
  let ssh: Bootstrap;
  let host: BareHost;
  beforeAll(async () => {
    site = await SshSite.open();
  }, 120_000);
  afterAll(() => site[Symbol.asyncDispose]());
  beforeEach(() => {
    ssh = site.worker();
  });
  afterEach(async () => {
    await ssh.close();
    await host.close();
  });

  it('makes a bare host a node that is online, forgets the password, and is nothing when run again', async () => {
    host = await site.host({ sudo: 'asks' });
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
    const secrets = await site.database.sql`select name from vault_secrets`;
    expect(secrets.map((row) => row['name'])).toEqual([expect.stringMatching(/^ssh-key\//)]);
    const rows = await site.database.sql`select row_to_json(j)::text as text from jobs j
      union all select row_to_json(a)::text from audit_log a union all select row_to_json(b)::text from job_batches b`;
    const dump = [await site.logOf(jobId), ...rows.map((row) => row['text'])].join('\n');
    expect(dump).not.toContain(host.password);
    expect(dump).not.toContain('stoa1_');
    const uses = await site.database
      .sql`select detail->>'reason' as reason from audit_log where act = 'ssh.use'`;
    expect(uses.map((row) => row['reason'])).toContain('bootstrap');

    const again = await site.ended(await site.begin(ssh, host));
    expect(again).toMatchObject({ state: 'succeeded', node_id: nodeId });
    expect(await host.exec('cat /home/op/.ssh/authorized_keys')).toBe(keys);
  });

  it('names a wrong password, a user without sudo, and a full disk; with what is missing given, it goes on', async () => {
    host = await site.host({ sudo: 'none', size: '40m' });
    const wrong = await site.ended(await site.begin(ssh, host, 'hunter2'));
    expect(wrong).toMatchObject({ state: 'failed', code: 'ssh_login_refused', attempt: 1 });
    const rootless = await site.ended(await site.begin(ssh, host));
    expect(rootless).toMatchObject({ state: 'failed', code: 'no_sudo' });
    await host.exec("echo 'op ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/op");
    const full = await site.ended(await site.begin(ssh, host));
    expect(full).toMatchObject({ state: 'failed', code: 'remote_disk_full' });
    expect(String(full['message'])).toContain('No space left on device');
    const left = await site.database.sql`select name from vault_secrets where name not like 'ssh-key/%'`;
    expect(left).toEqual([]);
  });

  const STOP =
    'kill -9 $(cat /run/stoa-agent.pid); pkill -9 -u stoa; rm -f /var/lib/stoa-agent/status.sock; true';
  const bootstrapped = async () => {
    const first = await site.ended(await site.begin(ssh, host));
    expect(first).toMatchObject({ state: 'succeeded', message: '' });
    return String(first['node_id']);
  };

  it('recovers a killed agent, a broken version and a lost identity', { timeout: 480_000 }, async () => {
    host = await site.host();
    const nodeId = await bootstrapped();
    await host.exec(STOP);
    const killed = await site.run(ssh, 'agent-recover', nodeId);
    expect({ ...killed, log: await site.logOf(String(killed['job_id'])) }).toMatchObject({
      ...{ state: 'succeeded', message: '', node_id: nodeId },
      report: JSON.stringify({ nodeId, was: 'stopped' }),
    });
    await host.exec(`${STOP}; echo broken > /opt/stoa-agent/current/stoa-agent.cjs`);
    expect(await site.run(ssh, 'agent-recover', nodeId)).toMatchObject({
      ...{ state: 'succeeded', message: '', node_id: nodeId },
    });
    await host.exec(
      `${STOP}; for f in $(find /var/lib/stoa-agent/identities/default -type f); do echo lost > $f; done`,
    );
    const lost = await site.run(ssh, 'agent-recover', nodeId);
    expect(lost).toMatchObject({ state: 'succeeded', message: '' });
    expect(lost['node_id']).not.toBe(nodeId);
    // Or the privileged unit would refuse the new node's work for ever.
    expect(await host.exec('cat /etc/stoa-agent/trust')).toContain(`node ${String(lost['node_id'])} `);
    expect(await host.exec('cat /etc/stoa-agent/trust')).not.toContain(nodeId);
  });

  it('works for who owns the node now, and signs in anew where its key is lost', async () => {
    host = await site.host();
    const wrong = await site.ended(await site.begin(ssh, host, 'hunter2', 'first@stoa.example'));
    expect(wrong).toMatchObject({ state: 'failed', code: 'ssh_login_refused' });
    const begun = await site.ended(await site.begin(ssh, host, host.password, 'second@stoa.example'));
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

  it('repairs sudo, and sets a firewall that does not lock it out', { timeout: 480_000 }, async () => {
    host = await site.host({ sudo: 'asks' });
    const nodeId = await bootstrapped();
    await host.exec('rm /etc/sudoers.d/stoa-hub');
    expect(await site.run(ssh, 'firewall-bootstrap', nodeId)).toMatchObject({
      state: 'failed',
      code: 'no_sudo',
    });
    const repair = await ssh.desk.submit(site.viewer, {
      ...{ kind: 'sudoers-repair' as const, nodeId, params: {} },
      login: { kind: 'password' as const, password: host.password },
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
  });

  it('reaches a marked node without an agent for its tips, once a day in the audit log, and no other', async () => {
    host = await site.host();
    const { viewer, database } = site;
    const first = await site.ended(await site.begin(ssh, host));
    const nodeId = String(first['node_id']);
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

  it('re-seats its key, cut off at each step: at no moment is there no key that works', async () => {
    host = await site.host();
    const first = await site.ended(await site.begin(ssh, host));
    expect(first).toMatchObject({ state: 'succeeded' });
    const nodeId = String(first['node_id']);
    const before = (await host.exec('cat /home/op/.ssh/authorized_keys')).trim();
    // A key of somebody else, which is none of ours to touch, without an end of line.
    await host.exec("printf '%s' 'ssh-ed25519 AAAA friend' >> /home/op/.ssh/authorized_keys");
    await ssh.close();
    const cuts: number[] = [];
    let least = 9;
    const look = async () => {
      const lines = (await host.exec('cat /home/op/.ssh/authorized_keys')).split('\n');
      const sealed = await site.database
        .sql`select count(*)::int as n from vault_secrets where name like 'ssh-key/%'`;
      least = Math.min(
        least,
        lines.filter((line) => line.includes('stoa-hub:')).length,
        Number(sealed[0]?.['n']),
      );
    };
    const reseat = cutEverywhere(SSH_HANDLERS['key-reseat'], { look, cuts });
    ssh = site.worker({ ...SSH_HANDLERS, 'key-reseat': reseat });
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
    const keys = await site.database.sql`select name from vault_secrets
      where name like 'ssh-key/%' and name not in (select 'ssh-key/' || key_id from ssh_access)`;
    expect(keys).toEqual([]);
  });
});

class Cut extends Error {}

/** The same object, cut off before or after one of the calls that are made of it. */
function through<T extends object>(of: T, cutting: { calls: number; readonly at: number }): T {
  return new Proxy(of, {
    get(target, name) {
      const held = Reflect.get(target, name, target) as unknown;
      if (typeof held !== 'function') return held;
      return async (...given: unknown[]) => {
        cutting.calls += 1;
        const call = cutting.calls;
        if (2 * call - 1 === cutting.at) throw new Cut();
        const answer: unknown = await held.apply(target, given);
        if (2 * call === cutting.at) throw new Cut();
        return answer;
      };
    },
  });
}

/**
 * Runs a handler as a job of its own for each call that it makes of the hub or of the host, cut off before it and after it,
 * and then to its end.
 */
function cutEverywhere(
  handler: SshHandler,
  { look, cuts }: { look: () => Promise<unknown>; cuts: number[] },
): SshHandler {
  return async (job, kit) => {
    for (let at = 1; at < 200; at += 1) {
      const cutting = { calls: 0, at };
      const pool = through(kit.pool, cutting);
      const vault = through(kit.vault, cutting);
      const access = through(kit.access, cutting);
      const tokens = through(kit.tokens, cutting);
      const own = { ...job, row: { ...job.row, jobId: randomUUID() } };
      try {
        return await handler(own, { ...kit, pool, vault, access, tokens });
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
      }
      cuts.push(at);
      await look();
      await handler(own, kit);
      await look();
    }
    throw new Error('it never ends');
  };
}
