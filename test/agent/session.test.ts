/** Real agent cores, with their real disk and sockets, and a real hub. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Agent, createClock, createProxies, VirtualClock } from '@stoa/agent';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AgentHost } from '../kit/agent-host.ts';
import { startConnectProxy } from '../kit/connect-proxy.ts';
import { startForwarder } from '../kit/forwarder.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';

let world: TestHub;

beforeAll(async () => {
  world = await openTestHub();
});
afterAll(() => world[Symbol.asyncDispose]());

function sessionAtHub({ nodeId }: Agent) {
  return world.hub.agents.gateway.sessions.get(nodeId);
}

/** The hub has a session with the node, and the agent with the hub. */
async function established(agent: Agent): Promise<void> {
  const both = () => {
    expect(agent.link().state).toBe('established');
    expect(sessionAtHub(agent)).toBeDefined();
  };
  await vi.waitFor(both, { timeout: 60_000, interval: 20 });
}

describe('an agent that enrolled over HTTP', () => {
  it('keeps its key for its user alone, and has a session at once', async () => {
    await using host = await AgentHost.create();
    const nodeId = await host.enroll(world);
    const { mode } = await stat(join(host.directory, 'identities/default/identity'));
    expect(mode & 0o777).toBe(0o600);
    const agent = await host.start();
    await established(agent);
    expect(agent.nodeId).toBe(nodeId);
    expect(agent.link()).toMatchObject({ transport: 'websocket', sessions: 1, hubUrl: world.hub.url.origin });
  });

  it('leaves no session behind when it stops, and proves the next one by what it stored', async () => {
    await using host = await AgentHost.create();
    await host.enroll(world);
    for (let run = 0; run < 3; run += 1) {
      const agent = await host.start();
      await established(agent);
      await agent.stop();
      await vi.waitFor(() => expect(sessionAtHub(agent)).toBeUndefined(), { timeout: 60_000 });
    }
  });

  it('goes by long-poll where it is told to', async () => {
    await using host = await AgentHost.create({ transport: 'long-poll' });
    await host.enroll(world);
    const agent = await host.start();
    await established(agent);
    expect(agent.link().transport).toBe('long-poll');
    await agent.stop();
    await vi.waitFor(() => expect(sessionAtHub(agent)).toBeUndefined(), { timeout: 60_000 });
  });

  it('F24 does all of that through a CONNECT proxy with a password', async () => {
    const proxy = await startConnectProxy({ user: 'ada', password: 'p@ss:w/ord%' });
    const proxies = createProxies({ clock: createClock(), proxyFor: () => proxy.url });
    const asked = new Set<string>();
    for (const transport of ['websocket', 'long-poll'] as const) {
      await using host = await AgentHost.create({ proxies, transport });
      await host.enroll(world);
      await established(await host.start());
      for (const target of proxy.asked.splice(0)) asked.add(target);
    }
    expect([...asked]).toEqual([world.hub.url.host]);
    await proxy.close();
  });

  it('F24 tells a proxy that wants another password, and keeps its identity', async () => {
    const proxy = await startConnectProxy({ user: 'ada', password: 'right' });
    const wrong = proxy.url.replace('right', 'wrong');
    const proxies = createProxies({ clock: createClock(), proxyFor: () => wrong });
    await using direct = await AgentHost.create();
    await direct.enroll(world);
    await using host = await AgentHost.create({ proxies });
    await expect(host.enroll(world)).rejects.toMatchObject({ code: 'proxy_refused' });
    await proxy.close();
  });

  it('gives a hub of another root no Hello, and comes back when the right one is there', async () => {
    await using way = await startForwarder(world.hub.url);
    await using host = await AgentHost.create({ origin: way.origin });
    await host.enroll(world);
    await using other = await openTestHub();
    way.target = other.hub.url;
    const stranger = await host.start();
    await vi.waitFor(() => expect(stranger.link().lastFault?.code).toBe('wrong_root'), { timeout: 60_000 });
    expect(other.hub.agents.gateway.sessions.size).toBe(0);
    await stranger.stop();
    way.target = world.hub.url;
    await established(await host.start());
  });

  it('F06 notices within two and a half pings that its connection swallows everything', async () => {
    await using way = await startForwarder(world.hub.url);
    // Real sockets, virtual time: the pings need no waiting.
    const clock = new VirtualClock(Date.now());
    await using host = await AgentHost.create({ clock, origin: way.origin });
    await host.enroll(world);
    const agent = await host.start();
    while (agent.link().state !== 'established') await clock.advance(1);
    const { pingMs } = agent.link();
    way.blackHole = true;
    await clock.advance(2.4 * pingMs!);
    expect(agent.link().state).toBe('established');
    await clock.advance(0.2 * pingMs!);
    expect(agent.link()).toMatchObject({ state: 'waiting', lastFault: { code: 'dead_peer' } });
    const stopping = agent.stop();
    await clock.advance(10_000);
    await stopping;
  });
});
