/** F25: compression on the agent channel, and what a mass disconnect leaves behind. A real hub process, real sockets. */
import { readFile } from 'node:fs/promises';
import { SUBPROTOCOL, toBase64Url } from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { HubHome, type HubProcess } from '../kit/hub-process.ts';
import { registerAll } from '../kit/mass-registration.ts';
import { until } from '../kit/until.ts';
import { random, WireAgent, type WireIdentity } from '../kit/wire-agent.ts';

const AT_ONCE = 100;
const WARMING = 5;

let home: HubHome;
let hub: HubProcess;

beforeAll(async () => {
  home = await HubHome.create();
  // The young generation grows by tens of megabytes when V8 finds it worth it, which would drown what a leak leaves.
  const env = { HANDSHAKES_PER_ADDRESS: '1000', NODE_OPTIONS: '--max-semi-space-size=1' };
  hub = await home.serve(env);
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
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const agent = await new WireAgent(hub.origin, next).connect();
      // Nobody is to be taken for dead while the others come.
      agent.send('ping', { intervalMs: 120_000 });
      agents.push(agent);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await until('all connected', async () => (await metric('stoa_hub_sessions')) === identities.length);
  for (const agent of agents) agent.socket.terminate();
  await until('all gone', async () => (await metric('stoa_hub_sessions')) === 0, { withinMs: 120_000 });
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
  async function leavesNoTrace(count: number): Promise<void> {
    const identities = await register(count);
    await storm(identities);
    // The first storms make the hub as large as storms make it; a leak makes it larger with every one.
    let [before, after] = [0, await residentMb()];
    for (let storms = 0; storms < WARMING && after >= before * 1.1; storms += 1) {
      await storm(identities);
      [before, after] = [after, await residentMb()];
    }
    expect(after).toBeLessThan(before * 1.1);
  }

  it('F25 of 1,000 agents leaves the hub as large as the one before it did', async () => {
    await leavesNoTrace(1_000);
  });

  // Minutes: `pnpm faults --long` runs it.
  it('F25 of 10,000 agents does so too', { tags: ['slow'], timeout: 900_000 }, async () => {
    await leavesNoTrace(10_000);
  });
});
