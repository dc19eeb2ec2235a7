/** What networks do to the way between a node and its hub: real agent cores, a real hub, real sockets through a proxy. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../chainweb/index.ts';
import { startFaultProxy } from '../kit/fault-proxy.ts';
import { WiredHub } from '../kit/wired-hub.ts';

const MINUTE = 60_000;
const FORBIDDEN =
  'HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 20\r\nconnection: close\r\n\r\n<h1>Go away</h1>\r\n\r\n';
const UNAUTHORIZED = FORBIDDEN.replace('403 Forbidden', '401 Unauthorized');
const isUpgrade = (head: string) => /^upgrade: websocket$/im.test(head);

let hub: WiredHub;

beforeAll(async () => {
  hub = await WiredHub.open();
});
afterAll(() => hub[Symbol.asyncDispose]());

describe('a way that swallows everything', () => {
  it('F06 is noticed by both sides within two and a half pings, and used again when it carries', async () => {
    await using proxy = await startFaultProxy(hub.url);
    await using node = await hub.node({ origin: proxy.origin });
    const { agent } = node;
    const pingMs = agent.link().pingMs!;
    await hub.clock.advance(pingMs);
    await hub.online(agent);
    proxy.faults.blackHole = true;
    const from = hub.clock.monotonic();
    const noticed: { agent?: number; hub?: number } = {};
    while (noticed.agent === undefined || noticed.hub === undefined) {
      await hub.clock.advance(250);
      const after = hub.clock.monotonic() - from;
      if (agent.link().state !== 'established') noticed.agent ??= after;
      if (hub.sessionOf(agent) === undefined) noticed.hub ??= after;
      expect(after).toBeLessThan(4 * pingMs);
    }
    // The hub looks once a second.
    expect(noticed.agent).toBeLessThanOrEqual(2.5 * pingMs + 250);
    expect(noticed.hub).toBeLessThanOrEqual(2.5 * pingMs + 1_250);
    expect(agent.link().lastFault?.code).toBe('dead_peer');
    proxy.faults.blackHole = false;
    await hub.online(agent, 500);
  });
});

describe('a proxy that answers in place of the hub', () => {
  it.each([
    ['401', UNAUTHORIZED],
    ['403', FORBIDDEN],
  ])('F05 with %s, again and again, un-enrols nobody', async (_status, answer) => {
    await using proxy = await startFaultProxy(hub.url);
    await using node = await hub.node({ origin: proxy.origin, transport: 'auto' });
    const { agent, host } = node;
    const identity = await readFile(join(host.directory, 'identities/default/identity'));
    proxy.faults.answer = answer;
    proxy.reset();
    const before = proxy.accepted;
    await hub.until('ten answers', 5_000, () => proxy.accepted >= before + 10);
    expect(agent.link().state).not.toBe('closed');
    expect(await readFile(join(host.directory, 'identities/default/identity'))).toEqual(identity);
    proxy.faults.answer = undefined;
    await hub.online(agent, 2_000);
    expect(agent.nodeId).toBe(hub.sessionOf(agent)?.node.nodeId);
  });
});

describe('a network without WebSockets', () => {
  it('carries the same agent by long-poll, which goes back to WebSocket when it may', async () => {
    await using proxy = await startFaultProxy(hub.url, { answers: isUpgrade });
    await using node = await hub.node({ origin: proxy.origin, transport: 'auto' });
    const { agent } = node;
    expect(agent.link().transport).toBe('websocket');
    proxy.faults.answer = FORBIDDEN;
    proxy.reset();
    await hub.until(
      'a session by long-poll',
      1_000,
      () => agent.link().transport === 'long-poll' && agent.link().state === 'established',
    );
    const heard = () => hub.sessionOf(agent)?.node.lastSeen ?? 0;
    const last = heard();
    await hub.until('heartbeats by long-poll', 1_000, () => heard() > last + 30_000);
    proxy.faults.answer = undefined;
    await hub.until(
      'WebSocket again',
      5_000,
      () => agent.link().transport === 'websocket' && agent.link().state === 'established',
    );
    expect(hub.clock.monotonic()).toBeGreaterThan(60 * MINUTE);
  }, 300_000);
});

describe('a bad line', () => {
  it('with loss and latency keeps its session', async () => {
    const random = createRandom(7);
    await using proxy = await startFaultProxy(hub.url, {
      random,
      faults: { latencyMs: 30, loss: 0.1 },
    });
    await using node = await hub.node({ origin: proxy.origin });
    const { agent } = node;
    const { sessions } = agent.link();
    const from = hub.sessionOf(agent)?.node.lastSeen ?? 0;
    await hub.until(
      'three minutes of heartbeats',
      100,
      () => (hub.sessionOf(agent)?.node.lastSeen ?? 0) > from + 3 * MINUTE,
    );
    expect(agent.link()).toMatchObject({ state: 'established', sessions });
  });

  it('that breaks again and again costs sessions and nothing else', async () => {
    await using proxy = await startFaultProxy(hub.url);
    await using node = await hub.node({ origin: proxy.origin });
    const { agent } = node;
    for (let breaks = 0; breaks < 5; breaks += 1) {
      if (breaks % 2 === 0) proxy.reset();
      else proxy.cut();
      await hub.until('the break noticed', 10, () => agent.link().state !== 'established');
      await hub.online(agent, 500);
    }
    const kinds = (await hub.eventsOf(agent)).map(({ kind }) => kind);
    expect(kinds).not.toContain('stale-copy');
    expect(kinds).not.toContain('live-clone');
    expect(agent.link().sessions).toBe(6);
  });

  it('of one byte a second is given up, and a usable one taken', async () => {
    await using proxy = await startFaultProxy(hub.url);
    await using node = await hub.node({ origin: proxy.origin });
    const { agent } = node;
    proxy.faults.bytesPerSecond = 1;
    await hub.until('the line given up', 1_000, () => agent.link().state !== 'established');
    proxy.faults.bytesPerSecond = 0;
    await hub.online(agent, 500);
    expect(agent.link().state).toBe('established');
  });
});
