/** The real agent process behind a real proxy, and without a hub. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJoinToken, toHex } from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, identityIn, joinAgent, runAgent } from '../kit/agent-process.ts';
import { startConnectProxy } from '../kit/connect-proxy.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';
import { temporaryDirectory } from '../kit/temporary-directory.ts';
import { until } from '../kit/until.ts';

// Nothing listens there: the chain is no matter of these tests.
const NO_CHAIN = { CHAINWEB_URL: 'http://127.0.0.1:9', CHAINWEB_P2P_URL: 'http://127.0.0.1:9' };

let world: TestHub;

beforeAll(async () => {
  world = await openTestHub();
});
afterAll(() => world[Symbol.asyncDispose]());

async function joined(dataDir: string, env: Record<string, string>): Promise<string> {
  const token = await world.hub.tokens.create({ owner: 'a@example.org', createdBy: 'test', label: 'node' });
  expect(parseJoinToken(token).hub).toBe(world.hub.url.origin);
  await joinAgent({ dataDir, env: { ...NO_CHAIN, ...env } }, { token });
  return toHex((await identityIn(dataDir))!.nodeId);
}

async function fault(agent: AgentProcess): Promise<string | undefined> {
  return agent.status().then(
    ({ link }) => link?.lastFault?.code,
    () => undefined,
  );
}

function hasSession(nodeId: string): boolean {
  return world.hub.agents.gateway.sessions.get(nodeId) !== undefined;
}

describe('stoa-agent behind a proxy', () => {
  it('F24 joins and runs through a CONNECT proxy that asks for a password', async () => {
    await using directory = await temporaryDirectory();
    const proxy = await startConnectProxy({ user: 'ada', password: 'p@ss:w/ord%' });
    const env = { HTTP_PROXY: proxy.url };
    const nodeId = await joined(directory.path, env);
    expect(proxy.asked.splice(0)).toContain(world.hub.url.host);
    const agent = runAgent({ dataDir: directory.path, env: { ...NO_CHAIN, ...env } });
    await until('a session', () => hasSession(nodeId));
    expect(new Set(proxy.asked)).toEqual(new Set([world.hub.url.host]));
    expect(await agent.stop()).toBe(0);
    await proxy.close();
  });

  it('F24 goes past the proxy where NO_PROXY names the hub', async () => {
    await using directory = await temporaryDirectory();
    const proxy = await startConnectProxy({ behaviour: 403 });
    const env = { HTTP_PROXY: proxy.url, NO_PROXY: world.hub.url.hostname };
    const nodeId = await joined(directory.path, env);
    const agent = runAgent({ dataDir: directory.path, env: { ...NO_CHAIN, ...env } });
    await until('a session', () => hasSession(nodeId));
    expect(proxy.asked).toEqual([]);
    expect(await agent.stop()).toBe(0);
    await proxy.close();
  });

  it('F05 that refuses it tells so, keeps its identity and goes on asking', async () => {
    await using directory = await temporaryDirectory();
    await joined(directory.path, {});
    const identity = await readFile(join(directory.path, 'identities/default/identity'));
    const proxy = await startConnectProxy({ behaviour: 403 });
    const agent = runAgent({ dataDir: directory.path, env: { ...NO_CHAIN, HTTP_PROXY: proxy.url } });
    await until('the refusal told', async () => (await fault(agent)) === 'proxy_refused');
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect(await agent.stop()).toBe(0);
    expect(await readFile(join(directory.path, 'identities/default/identity'))).toEqual(identity);
    await proxy.close();
  });
});

describe('stoa-agent without a hub', () => {
  it('F33 exits within fifteen seconds of SIGTERM while nobody answers', async () => {
    await using directory = await temporaryDirectory();
    await joined(directory.path, {});
    const proxy = await startConnectProxy({ behaviour: 'silent' });
    const agent = runAgent({ dataDir: directory.path, env: { ...NO_CHAIN, HTTP_PROXY: proxy.url } });
    await until('it on its way', () => proxy.asked.length > 0);
    const from = performance.now();
    agent.kill('SIGTERM');
    expect(await agent.ended).toBe(0);
    expect(performance.now() - from).toBeLessThan(15_000);
    await proxy.close();
  });

  it('ends with the process that started it, however that ends', async () => {
    await using directory = await temporaryDirectory();
    await joined(directory.path, {});
    const agent = runAgent({ dataDir: directory.path, env: NO_CHAIN });
    await until('it running', () =>
      agent.status().then(
        () => true,
        () => false,
      ),
    );
    agent.letGo();
    expect(await agent.ended).toBe(0);
  });
});
