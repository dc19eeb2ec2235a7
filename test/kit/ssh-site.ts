import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLog, type DbAdapter, PrivateFile, systemClock } from '@stoa/hub';
import {
  type Bootstrap,
  createBootstrap,
  SSH_HANDLERS,
  SSH_QUEUE_POLICY,
  type SshHandler,
} from '@stoa/hub/bootstrap';
import { AllowedAddresses } from '@stoa/hub/egress';
import { JoinTokens, NodeRegistry } from '@stoa/hub/nodes';
import { PgBossQueue } from '@stoa/hub/seams/job-queue/index';
import { MemoryProbeCache } from '@stoa/hub/seams/probe-cache/index';
import { openVault, SECRETS, type Vault } from '@stoa/hub/vault';
import type { Viewer } from '@stoa/hub/viewer';
import { parseJoinToken, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { preinstallAgent, publishAgent } from './agent-release.ts';
import { type BareHost, type BareHostOptions, startHostOf } from './bare-host.ts';
import { HubHome, type HubProcess } from './hub-process.ts';
import { until } from './until.ts';
import { random } from './wire-agent.ts';

const log = createLog({ level: 'error' });
const OWNER = 'admin@stoa.local';

/** A hub that leaves SSH to a worker in this process, and bare hosts that reach it. */
export class SshSite implements AsyncDisposable {
  readonly owner = OWNER;
  readonly viewer: Viewer = {
    ...{ accountId: 'a', email: OWNER, tier: 'ancient' as const, keyScopes: undefined },
    confirmedAt: Date.now() + 3_600_000,
  };
  readonly cache = new MemoryProbeCache({ clock: systemClock, maxNodes: 100 });
  readonly home: HubHome;
  readonly hub: HubProcess;
  readonly database: DbAdapter;
  readonly queue: PgBossQueue;
  readonly vault: Vault;
  readonly #installer: { readonly script: string };
  readonly #image: string;

  private constructor(parts: {
    home: HubHome;
    hub: HubProcess;
    database: DbAdapter;
    queue: PgBossQueue;
    vault: Vault;
    installer: { script: string };
    image: string;
  }) {
    this.home = parts.home;
    this.hub = parts.hub;
    this.database = parts.database;
    this.queue = parts.queue;
    this.vault = parts.vault;
    this.#installer = parts.installer;
    this.#image = parts.image;
  }

  static async open(): Promise<SshSite> {
    const home = await HubHome.create();
    const release = await publishAgent(home);
    const image = join(home.dataDir, 'image');
    const [hub] = await Promise.all([
      home.serve({ HEARTBEAT_SECONDS: '1', SSH_WORKER: 'elsewhere' }),
      preinstallAgent(release, image),
    ]);
    const database = await home.openDatabase();
    const queue = await PgBossQueue.open({ sql: database.sql, policy: SSH_QUEUE_POLICY, log });
    const vault = await openVault({
      file: new PrivateFile(join(home.dataDir, 'vault.key')),
      ...{ sql: database.sql, random, log, columns: [SECRETS] },
    });
    const installer = { script: await (await fetch(`${hub.origin}/install.sh`)).text() };
    return new SshSite({ home, hub, database, queue, vault, installer, image });
  }

  /** A worker, which takes work at once. */
  worker(handlers?: Readonly<Record<string, SshHandler>>): Bootstrap {
    const ssh = this.desk(handlers);
    ssh.worker.start();
    return ssh;
  }

  /** A side that asks for work and leaves it to others. */
  desk(handlers: Readonly<Record<string, SshHandler>> = SSH_HANDLERS): Bootstrap {
    const { sql } = this.database;
    const { dataDir, region, network } = this.home;
    const hub = {
      origin: this.hub.origin,
      region: region.name,
      rootFingerprint: region.rootFingerprint,
    };
    const by = { sql, clock: systemClock, random, crypto: nodeCrypto };
    return createBootstrap({
      ...{ ...by, queue: this.queue, instance: 'worker-1', generation: 0, vault: this.vault, log, handlers },
      ...{ logDirectory: join(dataDir, 'jobs'), installer: this.#installer, cache: this.cache },
      egressAllow: new AllowedAddresses(['10.0.0.0/8']),
      tokens: new JoinTokens({ ...by, hub }),
      registry: new NodeRegistry(by),
      network: network.network.name,
      dialsAMinute: 10_000,
      patience: { afterStart: 6, afterRestart: 3, atRest: 1 },
    });
  }

  /**
   * It knows the hub as if on its own loopback, and has a service manager of one service.
   * @param options.fetched the agent's archive was unpacked there before: all that is left out is the download.
   */
  async host({ fetched, ...options }: BareHostOptions & { fetched?: boolean } = {}): Promise<BareHost> {
    return await startHostOf(this.hub.origin, { ...options, ...(fetched && { image: this.#image }) });
  }

  /** Looks at the host's key, accepts it, and gives the password. @returns the job's id. */
  async begin(
    ssh: Bootstrap,
    host: BareHost,
    by: { user?: string; password?: string; owner?: string; port?: number } = {},
  ): Promise<string> {
    const { user = host.user, password = host.password, owner = OWNER, port = 22 } = by;
    const target = { host: host.address, port, user };
    const { key } = await ssh.desk.look(this.viewer, target);
    return await ssh.desk.bootstrap(this.viewer, {
      ...{ ...target, label: 'rack-1', owner, login: { kind: 'password', password } },
      fingerprint: key.fingerprint,
    });
  }

  /** The job's row once it has ended. */
  async ended(jobId: string): Promise<Record<string, unknown>> {
    let row: Record<string, unknown> = {};
    await until(
      'the job ends',
      async () => {
        [row = {}] = await this.database.sql`select * from jobs where job_id = ${jobId}`;
        return row['ended_at'] !== null;
      },
      { withinMs: 200_000, everyMs: 200 },
    );
    return row;
  }

  /** @param password one-time, where our key is not taken. */
  async run(
    ssh: Bootstrap,
    kind: Parameters<Bootstrap['desk']['submit']>[1]['kind'],
    nodeId: string,
    password?: string,
  ) {
    const login = password === undefined ? {} : { login: { kind: 'password' as const, password } };
    return await this.ended(await ssh.desk.submit(this.viewer, { kind, nodeId, params: {}, ...login }));
  }

  /** Lines of the keys of a node of which the vault has the private half. */
  async keysOf(nodeId: string): Promise<readonly string[]> {
    const rows = await this.database.sql<{ line: string }[]>`
      select line from ssh_access, lateral (values (key_id, key_line), (next_id, next_line), (old_id, old_line)) k (id, line)
      where node_id = ${nodeId} and 'ssh-key/' || id in (select name from vault_secrets)`;
    return rows.map(({ line }) => line);
  }

  /** What is kept for a job alone. */
  async secretsOf(jobId: string): Promise<readonly string[]> {
    const rows = await this.database.sql<{ name: string }[]>`
      select name from vault_secrets where split_part(name, '/', 2) = ${jobId}`;
    return rows.map(({ name }) => name);
  }

  logOf(jobId: string): Promise<string> {
    return readFile(join(this.home.dataDir, `jobs/${jobId}.log`), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.close();
    await this.database.close();
    await this.home[Symbol.asyncDispose]();
  }
}

/** An agent in a tenth of a second: install.sh joins once, by the first token that it is given, and its agent answers. */
export function standInAgent(by: {
  host: BareHost;
  nodeId: string;
  owner: string;
  kit: Parameters<SshHandler>[1];
}): Pick<Parameters<SshHandler>[1], 'installer' | 'registry' | 'tokens'> {
  const { host, nodeId, owner, kit } = by;
  const script = `set -eu
mkdir -p /var/lib/stand-in
cd /var/lib/stand-in
[ -e token ] || { printf '%s' "$STOA_TOKEN" >token; echo joined >>joins; }
printf '#!/bin/sh\\necho '"'"'{"nodeId":"${nodeId}"}'"'"'\\n' >/usr/local/bin/stoa-agent
chmod 755 /usr/local/bin/stoa-agent`;
  const usersOf = async (tokenId: string) => {
    const used = parseJoinToken(await host.exec('cat /var/lib/stand-in/token'));
    return toHex(used.tokenId) === tokenId ? [nodeId] : [];
  };
  const tokens = new Proxy(kit.tokens, {
    get(target, name) {
      if (name === 'usersOf') return usersOf;
      const held: unknown = Reflect.get(target, name, target);
      return typeof held === 'function' ? held.bind(target) : held;
    },
  });
  return { installer: { script }, registry: { ownerOf: async () => owner }, tokens };
}
