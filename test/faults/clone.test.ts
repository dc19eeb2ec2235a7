/** F07: a data directory that was copied. Real agents on real directories, a real hub, real sockets. */
import { cp } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentHost } from '../kit/agent-host.ts';
import { identityIn } from '../kit/agent-process.ts';
import { temporaryDirectory } from '../kit/temporary-directory.ts';
import { until } from '../kit/until.ts';
import { WiredHub, type WiredNode } from '../kit/wired-hub.ts';

const MINUTE = 60_000;
const HEARTBEAT_MS = 30_000;

let hub: WiredHub;

beforeAll(async () => {
  hub = await WiredHub.open();
});
afterAll(() => hub[Symbol.asyncDispose]());

/** What `cp -a`, a snapshot or a machine image leaves. */
async function snapshot({ host, agent }: WiredNode): ReturnType<typeof temporaryDirectory> {
  // Of the session that is on: one that was taken before its secret was written would be a copy of the one before.
  const { epoch } = hub.sessionOf(agent)!.facts;
  await until('the session on disk', async () => (await identityIn(host.directory))?.session.epoch === epoch);
  const image = await temporaryDirectory();
  await cp(host.directory, image.path, { recursive: true });
  return image;
}

async function hostOf({ path }: { readonly path: string }): Promise<AgentHost> {
  const host = await AgentHost.create({ clock: hub.clock });
  await cp(path, host.directory, { recursive: true });
  return host;
}

async function reconnected({ agent }: WiredNode): Promise<void> {
  const { sessions } = agent.link();
  hub.sessionOf(agent)?.link.close(1000, 'the test asks for a new session');
  await hub.until(
    'a new session',
    500,
    () => agent.link().sessions > sessions && agent.link().state === 'established',
  );
}

async function disputed({ agent }: WiredNode): Promise<boolean> {
  const [row] = await hub.test.database.sql<{ disputed: boolean }[]>`
    select disputed_at is not null as disputed from nodes where node_id = ${agent.nodeId}`;
  return row?.disputed === true;
}

async function kinds({ agent }: WiredNode): Promise<string[]> {
  return (await hub.eventsOf(agent)).map(({ kind }) => kind);
}

describe('a copy of an older state', () => {
  it('F07 is named within two heartbeats and kept out alone; the node keeps its session, the hub its calm', async () => {
    await using node = await hub.node();
    await using image = await snapshot(node);
    await reconnected(node);
    await reconnected(node);
    const copy = await hostOf(image);
    await using _copy = { [Symbol.asyncDispose]: () => hub.passing(() => copy[Symbol.asyncDispose]()) };
    const { sessions } = node.agent.link();
    const { handshakes, refused } = hub.test.hub.agents.gateway.counters;
    const from = hub.clock.monotonic();
    const stale = await copy.start();
    await hub.until('the copy named', 250, async () => (await kinds(node)).includes('stale-copy'));
    expect(hub.clock.monotonic() - from).toBeLessThan(2 * HEARTBEAT_MS);
    const named = (await hub.eventsOf(node.agent)).find(({ kind }) => kind === 'stale-copy');
    expect(named?.detail).toMatchObject({ address: '127.0.0.1' });
    await hub.clock.advance(20 * MINUTE);
    expect(stale.link()).toMatchObject({ sessions: 0, lastFault: { code: 'stale_copy' } });
    // The incumbent was never touched, and the copy asks once in five minutes at most.
    expect(node.agent.link()).toMatchObject({ state: 'established', sessions });
    expect(await disputed(node)).toBe(false);
    expect(hub.test.hub.agents.gateway.counters.handshakes).toBe(handshakes);
    expect(hub.test.hub.agents.gateway.counters.refused - refused).toBeLessThanOrEqual(6);
  });
});

describe('a copy that runs beside the original', () => {
  it('F07 is a live clone: both are named, the node is disputed, and the hub is not worn out by them', async () => {
    await using node = await hub.node();
    await using image = await snapshot(node);
    const copy = await hostOf(image);
    await using _copy = { [Symbol.asyncDispose]: () => hub.passing(() => copy[Symbol.asyncDispose]()) };
    const clone = await copy.start();
    await hub.until('the clone found', 1_000, async () => (await kinds(node)).includes('live-clone'));
    const found = (await hub.eventsOf(node.agent)).find(({ kind }) => kind === 'live-clone');
    const { bootId, other } = found?.detail ?? {};
    expect(bootId).toMatch(/^[0-9a-f]{32}$/);
    expect(other).toMatch(/^[0-9a-f]{32}$/);
    expect(other).not.toBe(bootId);
    expect(await disputed(node)).toBe(true);
    const { handshakes } = hub.test.hub.agents.gateway.counters;
    await hub.clock.advance(20 * MINUTE);
    expect(hub.test.hub.agents.gateway.counters.handshakes - handshakes).toBeLessThan(60);
    expect(clone.nodeId).toBe(node.agent.nodeId);
  });
});

describe('a machine that reboots in a loop', () => {
  it('F07 is no clone', async () => {
    await using node = await hub.node();
    await hub.passing(() => node.agent.stop());
    for (let reboots = 0; reboots < 10; reboots += 1) {
      const agent = await node.host.start();
      await hub.online(agent);
      await hub.passing(() => agent.stop());
    }
    expect(await kinds(node)).not.toContain('live-clone');
    expect(await kinds(node)).not.toContain('stale-copy');
    expect(await disputed(node)).toBe(false);
  });
});
