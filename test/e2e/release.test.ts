/**
 * A release from its three holders to the nodes: signed by processes of their own, published, and given ring by ring to real
 * binaries; a bad one halts and is rolled back; PAUSE ALL holds over a restart of the hub. One story: each step needs the
 * ones before it.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PrivateFile } from '@stoa/hub';
import { RINGS } from '@stoa/hub/rollouts/plan';
import { peekRoot } from '@stoa/protocol/release';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../chainweb/index.ts';
import { openBrowser, openTab, type Tab } from '../kit/browser.ts';
import { buildBinary, buildCodeRelease } from '../kit/code-release.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';
import { type CommandResult, hubCommand } from '../kit/hub-command.ts';
import { freePort } from '../kit/pebble.ts';
import { createRegion, type TestRegion } from '../kit/region.ts';
import { ReleaseHolders } from '../kit/release-holders.ts';
import { ShiftedClock } from '../kit/shifted-clock.ts';
import { Supervised } from '../kit/supervised.ts';
import { temporaryDirectory } from '../kit/temporary-directory.ts';
import { until } from '../kit/until.ts';
import { random } from '../kit/wire-agent.ts';
import { Gallery } from './gallery.ts';

const ADMIN = 'admin@stoa.local';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A version has proven itself after a minute. */
const PROVEN = { withinMs: 240_000, everyMs: 500 };

interface Node {
  readonly nodeId: string;
  readonly process: Supervised;
}

describe('a release of the agent', { tags: ['slow'], timeout: 600_000 }, () => {
  const gallery = new Gallery();
  const stack = new AsyncDisposableStack();
  const clock = new ShiftedClock();
  const nodes: Node[] = [];
  let directory: string;
  let dataDir: string;
  let port: number;
  let region: TestRegion;
  let chain: Simulator;
  let hub: TestHub;
  let holders: ReleaseHolders;
  let admin: Tab;

  const openHub = () =>
    openTestHub({
      ...{ clock, region, dataDir, network: chain.network, logLevel: 'warn' },
      vaultKeys: new PrivateFile(join(dataDir, 'vault.key')),
      env: {
        PORT: String(port),
        PUBLIC_URL: `http://localhost:${port}`,
        HEARTBEAT_SECONDS: '1',
        CHAINWEB_URL: chain.network.addNode({ name: 'reference' }).serviceUrl,
      },
    });
  const command = async (...words: string[]): Promise<CommandResult> => {
    const env = { DATA_DIR: dataDir, REGION: region.name, CHAINWEB_NETWORK: chain.network.network.name };
    const done = await hubCommand(env, ...words, '--json');
    expect(done.code, done.err).toBe(0);
    return done;
  };

  beforeAll(async () => {
    ({ path: directory } = stack.use(await temporaryDirectory()));
    await chmod(directory, 0o711);
    dataDir = join(directory, 'hub');
    await mkdir(dataDir);
    region = stack.use(await createRegion({ clock, random }));
    chain = await startSimulator({ clock, history: 20 });
    stack.defer(() => chain.close());
    port = await freePort();
    hub = await openHub();
    stack.defer(() => hub[Symbol.asyncDispose]());
    holders = await ReleaseHolders.open(join(directory, 'holders'));
    const browser = await openBrowser();
    stack.defer(() => browser.close());
    const baseURL = `http://localhost:${port}`;
    admin = await openTab(browser, { baseURL, viewport: { width: 1280, height: 900 } });
    stack.defer(() => admin[Symbol.asyncDispose]());
    await admin.page.goto((await hub.hub.web.accounts.firstLoginLink({ publicUrl: baseURL }))!);
    await admin.page.getByRole('button', { name: 'Sign in' }).first().click();
    await admin.page.waitForURL(`**/o/${ADMIN}/**`);
  }, 180_000);
  afterAll(async () => {
    for (const { process } of nodes) await process[Symbol.asyncDispose]();
    await stack.disposeAsync();
  });

  /** A host on which somebody put the one file, and joined. */
  async function addNode(binary: string, owner: string): Promise<void> {
    const prefix = join(directory, `node-${nodes.length}`);
    const program = join(prefix, 'stoa-agent');
    await mkdir(prefix);
    await copyFile(binary, program);
    const token = join(prefix, 'token');
    await writeFile(token, await hub.hub.tokens.create({ owner, label: owner, createdBy: 'test' }), {
      mode: 0o600,
    });
    const env = {
      PATH: process.env['PATH'],
      STOA_AGENT_DATA: join(prefix, 'data'),
      CHAINWEB_URL: chain.serviceUrl,
      CHAINWEB_P2P_URL: chain.p2pUrl,
      CHAINWEB_NETWORK: chain.network.network.name,
    };
    await mkdir(join(prefix, 'data'), { mode: 0o700 });
    await promisify(execFile)(program, ['enroll', '--token-file', token, '--yes'], { env });
    const [row] = await hub.database.sql<{ node_id: string }[]>`
      select node_id from nodes order by created_at desc limit 1`;
    nodes.push({ nodeId: row!.node_id, process: new Supervised([program, 'run'], env) });
  }

  const versions = async () => {
    const rows = await hub.database.sql<{ owner: string; version: string }[]>`
      select n.owner, u.version from nodes n join node_updates u using (node_id) order by n.owner`;
    return rows.map(({ version }) => version);
  };
  const runs = async (node: Node, version: string) => {
    const [row] = await hub.database.sql<{ version: string; state: string }[]>`
      select version, state from node_updates where node_id = ${node.nodeId}`;
    return row?.version === version && row.state === 'confirmed';
  };
  const rollout = async () => {
    const { rollouts } = (await command('rollout', 'status')).json() as {
      rollouts: { rolloutId: string; version: string; state: string; ring: number; reason: string }[];
    };
    return rollouts[0]!;
  };
  const isHeard = (node: Node) => {
    const live = hub.hub.agents.gateway.sessions.get(node.nodeId)?.node;
    return live !== undefined && clock.now() - live.lastSeen < 10_000;
  };
  /** While nothing may begin, so that nobody takes the silence of the leap for a failure; from when the ring has answered. */
  const passSoak = async (ring: number) => {
    await until(
      'the ring is answered',
      async () => {
        await hub.hub.tickers.run('rollouts');
        const [row] = await hub.database.sql<{ soaking: boolean }[]>`
          select soak_since is not null as soaking from rollouts where state <> 'aborted'`;
        return row!.soaking;
      },
      PROVEN,
    );
    await command('rollout', 'pause-all', '--reason', 'time passes');
    clock.advance(RINGS[ring]!.soakMs + MINUTE);
    // The simulated chain has a day's blocks to make up.
    await until('all are heard', () => nodes.every(isHeard), PROVEN);
    await command('rollout', 'resume-all');
  };

  /** A page as its admin sees it, once it says so. */
  const show = async (path: string, name: string, said: string) => {
    await admin.page.goto(`/o/${ADMIN}/${path}`);
    await expect.poll(() => admin.page.textContent('main')).toContain(said);
    await gallery.show(admin.page, name);
  };

  it('is signed by two of three holders, and published', async () => {
    const keys = (await command('release', 'keys')).json() as {
      keys: { role: 'snapshot' | 'timestamp'; publicKey: string }[];
    };
    const keyOf = (role: string) => keys.keys.find((key) => key.role === role)!.publicKey;
    await holders.begin();
    await holders.nameHub({ snapshot: keyOf('snapshot'), timestamp: keyOf('timestamp') });
    const build = join(directory, '0.2.1');
    await buildCodeRelease({ version: '0.2.1', to: build });
    await holders.sign(build, { by: ['bob', 'carol'] });
    const { sha256 } = peekRoot(await readFile(holders.firstRoot));
    await command('release', 'trust', holders.firstRoot, '--hash', sha256);
    await command('release', 'publish', build);
    const listed = (await command('release', 'list')).json();
    expect(listed).toMatchObject({ releases: [{ release: '0.2.1', signers: ['bob', 'carol'] }] });
    await show('admin/releases', 'releases', '0.2.1');
  });

  it('reaches our own node first, in place: another version, the same process', async () => {
    const binary = await buildBinary({
      ...{ version: '0.2.0', root: holders.firstRoot, to: join(directory, 'binary') },
    });
    for (const owner of [ADMIN, 'baker@x.example', 'carter@x.example', 'baker@x.example'])
      await addNode(binary, owner);
    await until('all speak of their updates', async () => (await versions()).length === 4);
    expect(await versions()).toEqual(['0.2.0', '0.2.0', '0.2.0', '0.2.0']);
    const [own, ...others] = nodes;
    const { pid } = own!.process;
    const begun = (await command('rollout', 'create', '--yes')).json();
    expect(begun).toMatchObject({ ok: true, version: '0.2.1' });
    await until('our node runs it', () => runs(own!, '0.2.1'), PROVEN);
    expect([own!.process.pid, own!.process.starts]).toEqual([pid, 1]);
    for (const other of others) expect(await runs(other, '0.2.1')).toBe(false);
    await show(
      `admin/rollouts/${(await rollout()).rolloutId}`,
      'rollout-running',
      '1 of 1 run the new version',
    );
  });

  it('goes no further under PAUSE ALL, whatever time passes and whoever restarts', async () => {
    await command('rollout', 'pause-all', '--reason', 'a feeling');
    clock.advance(2 * HOUR);
    await hub[Symbol.asyncDispose]();
    hub = await openHub();
    await until('all are back', () => nodes.every(isHeard));
    for (let ticks = 0; ticks < 5; ticks += 1) await hub.hub.tickers.run('rollouts');
    expect(await rollout()).toMatchObject({ ring: 0, state: 'running' });
    expect((await versions()).filter((version) => version === '0.2.1')).toHaveLength(1);
    await show('admin/rollouts', 'rollouts-paused', 'a feeling');
    await command('rollout', 'resume-all');
  });

  it('reaches everybody, ring by ring', async () => {
    let ring = 0;
    while ((await rollout()).state !== 'complete') {
      await passSoak(ring);
      await hub.hub.tickers.run('rollouts');
      const now = await rollout();
      expect(now.ring - ring).toBeLessThanOrEqual(1);
      ring = now.ring;
    }
    // The last of them begin when all that is left to judge has been judged.
    const all = async () => (await versions()).every((version) => version === '0.2.1');
    clock.advance(11 * MINUTE);
    await until('everybody runs it', all, PROVEN);
    for (const node of nodes) expect(node.process.starts).toBe(1);
  });

  it('is rolled back where it is bad, halts with the reason, and touches nobody else', async () => {
    const build = join(directory, '0.2.2');
    const fault = "if (process.argv.includes('run')) throw new Error('this release is bad')";
    await buildCodeRelease({ version: '0.2.2', to: build, fault });
    await holders.sign(build);
    await command('release', 'publish', build);
    await command('rollout', 'create', '--yes');
    const [own] = nodes;
    await until(
      'it was rolled back',
      async () => {
        const [row] = await hub.database.sql<{ state: string }[]>`
        select state from node_updates where node_id = ${own!.nodeId}`;
        return row!.state === 'rolled-back';
      },
      PROVEN,
    );
    await passSoak(0);
    await until(
      'it is halted',
      async () => {
        await hub.hub.tickers.run('rollouts');
        return (await rollout()).state === 'halted';
      },
      PROVEN,
    );
    expect(await versions()).toEqual(['0.2.1', '0.2.1', '0.2.1', '0.2.1']);
    await show(
      `admin/rollouts/${(await rollout()).rolloutId}`,
      'rollout-halted',
      '0 of 1 run the new version',
    );
    await show(`nodes/${own!.nodeId}/updates`, 'node-updates', 'this release is bad');
    expect(gallery.faults).toEqual([]);
  });
});
