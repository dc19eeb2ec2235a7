/** A bare host becomes a node over SSH: real OpenSSH, sudo, install.sh and agent on a machine of its own. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLog, type DbAdapter, PrivateFile, systemClock } from '@stoa/hub';
import type { Viewer } from '@stoa/hub/accounts';
import { type Bootstrap, createBootstrap, SSH_QUEUE_POLICY } from '@stoa/hub/bootstrap';
import { AllowedAddresses } from '@stoa/hub/egress';
import { JoinTokens, NodeRegistry } from '@stoa/hub/nodes';
import { PgBossQueue } from '@stoa/hub/seams/job-queue/index';
import { MemoryProbeCache } from '@stoa/hub/seams/probe-cache/index';
import { openVault, SECRETS, type Vault } from '@stoa/hub/vault';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { publishAgent } from './kit/agent-release.ts';
import { type BareHost, canHost, startBareHost } from './kit/bare-host.ts';
import { HubHome, type HubProcess } from './kit/hub-process.ts';
import { until } from './kit/until.ts';
import { random } from './kit/wire-agent.ts';

const run = promisify(execFile);
const log = createLog({ level: 'error' });
const SYSTEMCTL = join(import.meta.dirname, 'kit/systemctl.sh');
const OWNER = 'admin@stoa.local';
const viewer: Viewer = {
  ...{ accountId: 'a', email: OWNER, tier: 'ancient' as const, keyScopes: undefined },
  confirmedAt: Date.now() + 3_600_000,
};

describe.skipIf(!canHost)('over SSH', { timeout: 240_000 }, () => {
  let home: HubHome;
  let hub: HubProcess;
  let database: DbAdapter;
  let queue: PgBossQueue;
  let ssh: Bootstrap;
  let vault: Vault;
  let host: BareHost;
  let installer: { script: string };

  const openSsh = (instance = 'worker-1') =>
    createBootstrap({
      ...{
        sql: database.sql,
        queue,
        instance,
        generation: 0,
        dataDir: home.dataDir,
        clock: systemClock,
        log,
      },
      egressAllow: new AllowedAddresses(['10.0.0.0/8']),
      tokens: new JoinTokens({
        ...{ sql: database.sql, clock: systemClock, random, crypto: nodeCrypto },
        hub: { origin: hub.origin, region: home.region.name, rootFingerprint: home.region.rootFingerprint },
      }),
      registry: new NodeRegistry({ sql: database.sql, clock: systemClock, crypto: nodeCrypto }),
      ...{ installer, network: home.network.network.name, random, vault },
      cache: new MemoryProbeCache({ clock: systemClock, maxNodes: 100 }),
    });
  const newHost = async (options: Parameters<typeof startBareHost>[0] = {}) => {
    const fresh = await startBareHost(options);
    await fresh.forward(Number(new URL(hub.origin).port));
    const stub = (await readFile(SYSTEMCTL)).toString('base64');
    await fresh.exec(
      `mkdir -p /run/systemd/system && echo ${stub} | base64 -d > /usr/local/bin/systemctl && chmod 755 /usr/local/bin/systemctl`,
    );
    return fresh;
  };
  const target = (of = host) => ({ host: of.address, port: 22, user: of.user });
  const begin = async (of = host, password = of.password) => {
    const shown = await ssh.desk.look(viewer, target(of));
    return await ssh.desk.bootstrap(viewer, {
      ...{ ...target(of), label: 'rack-1', owner: OWNER, login: { kind: 'password', password } },
      fingerprint: shown.key.fingerprint,
    });
  };
  const jobOf = async (jobId: string) => {
    const [row] = await database.sql`select * from jobs where job_id = ${jobId}`;
    return row!;
  };
  const ended = async (jobId: string) => {
    await until('the job ends', async () => (await jobOf(jobId))['ended_at'] !== null, {
      withinMs: 200_000,
      everyMs: 200,
    });
    return await jobOf(jobId);
  };
  const logOf = (jobId: string) => readFile(join(home.dataDir, `jobs/${jobId}.log`), 'utf8');

  beforeAll(async () => {
    home = await HubHome.create();
    await publishAgent(home);
    hub = await home.serve({ HEARTBEAT_SECONDS: '1' });
    database = await home.openDatabase();
    queue = await PgBossQueue.open({ sql: database.sql, policy: SSH_QUEUE_POLICY, log });
    vault = await openVault({
      file: new PrivateFile(join(home.dataDir, 'vault.key')),
      ...{ sql: database.sql, random, log, columns: [SECRETS] },
    });
    installer = { script: await (await fetch(`${hub.origin}/install.sh`)).text() };
    await run('mkdir', ['-p', join(home.dataDir, 'jobs')]);
  }, 120_000);
  afterAll(async () => {
    await queue.close();
    await database.close();
    await home[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    ssh = openSsh();
    ssh.worker.start();
  });
  afterEach(async () => {
    await ssh.close();
    await host?.close();
  });

  it('makes a bare host a node that is online, forgets the password, and is nothing when run again', async () => {
    host = await newHost({ sudo: 'asks' });
    const jobId = await begin();
    const job = await ended(jobId);
    expect({ state: job['state'], message: job['message'], log: await logOf(jobId) }).toMatchObject({
      state: 'succeeded',
      message: '',
    });
    const { nodeId } = JSON.parse(String(job['report'])) as { nodeId: string };
    expect(job['node_id']).toBe(nodeId);
    const [node] = await database.sql`select label, owner from nodes where node_id = ${nodeId}`;
    expect(node).toEqual({ label: 'rack-1', owner: OWNER });
    await until('the node is online', async () => {
      const [row] = await database.sql`select 1 from node_status where node_id = ${nodeId}`;
      return row !== undefined;
    });
    const keys = await host.exec('cat /home/op/.ssh/authorized_keys');
    expect(keys).toMatch(new RegExp(`^ssh-ed25519 \\S+ stoa-hub:${OWNER}@${host.address}:[0-9a-f]{8}\\n$`));
    const secrets = await database.sql`select name from vault_secrets`;
    expect(secrets.map((row) => row['name'])).toEqual([expect.stringMatching(/^ssh-key\//)]);
    const rows = await database.sql`select row_to_json(j)::text as text from jobs j
      union all select row_to_json(a)::text from audit_log a union all select row_to_json(b)::text from job_batches b`;
    const dump = [await logOf(jobId), ...rows.map((row) => row['text'])].join('\n');
    expect(dump).not.toContain(host.password);
    expect(dump).not.toContain('stoa1_');
    const uses = await database.sql`select detail->>'reason' as reason from audit_log where act = 'ssh.use'`;
    expect(uses.map((row) => row['reason'])).toContain('bootstrap');

    const again = await ended(await begin());
    expect(again).toMatchObject({ state: 'succeeded', node_id: nodeId });
    expect(await host.exec('cat /home/op/.ssh/authorized_keys')).toBe(keys);
  });
});
