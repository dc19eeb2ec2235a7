/** F25: compression on the agent channel, and what a mass disconnect leaves behind. A real hub process, real sockets. */
import { readFile } from 'node:fs/promises';
import { SUBPROTOCOL, toBase64Url } from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { HubHome, type HubProcess } from '../kit/hub-process.ts';
import { registerAll } from '../kit/mass-registration.ts';
import { until } from '../kit/until.ts';
import { random, WireAgent, type WireIdentity } from '../kit/wire-agent.ts';

const NODES = 1_000;
const AT_ONCE = 100;

let home: HubHome;
let hub: HubProcess;

beforeAll(async () => {
  home = await HubHome.create();
  hub = await home.serve({ HANDSHAKES_PER_ADDRESS: '1000' });
});
afterAll(() => home[Symbol.asyncDispose]());

async function register(count: number): Promise<WireIdentity[]> {
  await using database = await home.openDatabase();
  return await registerAll(count, { database, signer: home.signer });
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${hub.origin}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${hub.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

/** Connects every node and drops all of them at once. */
async function storm(identities: readonly WireIdentity[]): Promise<void> {
  const agents: WireAgent[] = [];
  const waiting = [...identities];
  const worker = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      agents.push(await new WireAgent(hub.origin, next).connect());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await until('all connected', async () => (await metric('stoa_hub_sessions')) === identities.length);
  for (const agent of agents) agent.socket.terminate();
  await until('all gone', async () => (await metric('stoa_hub_sessions')) === 0, { withinMs: 60_000 });
}

describe('F25 permessage-deflate', () => {
  it('F25 is not negotiated, though an agent offers it', async () => {
    const socket = new WebSocket(`${hub.origin.replace('http', 'ws')}/agent/v1`, SUBPROTOCOL, {
      headers: { 'stoa-nonce': toBase64Url(random(32)) },
      perMessageDeflate: true,
    });
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      socket.once('upgrade', (response) => resolve(response.headers));
      socket.once('error', reject);
    });
    expect(headers['sec-websocket-extensions']).toBeUndefined();
    socket.terminate();
  });
});

describe('F25 a mass disconnect', () => {
  it(`F25 of ${NODES} agents leaves the hub as large as the one before it did`, async () => {
    const identities = await register(NODES);
    // The first storms make the hub as large as storms make it; what a leak would add comes after.
    await storm(identities);
    await storm(identities);
    const before = await residentMb();
    await storm(identities);
    expect(await residentMb()).toBeLessThan(before * 1.1);
  }, 180_000);
});
