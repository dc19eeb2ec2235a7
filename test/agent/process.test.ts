/** The agent as a process of its own, as an operator runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askStatus, createClock, type StatusSnapshot } from '@stoa/agent';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AgentHost } from '../kit/agent-host.ts';
import { startForwarder } from '../kit/forwarder.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';

const MAIN = fileURLToPath(new URL('../../packages/agent/src/main.ts', import.meta.url));
const clock = createClock();
const children: ChildProcess[] = [];
let world: TestHub;

beforeAll(async () => {
  world = await openTestHub();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await world[Symbol.asyncDispose]();
});

interface Process {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  status(): Promise<StatusSnapshot>;
  log(): string;
}

function run(host: AgentHost, ...args: string[]): Process {
  const child = spawn(process.execPath, [MAIN, ...args, '--data', host.directory], {
    env: { CHAINWEB_URL: host.config.chainwebUrl, CHAINWEB_P2P_URL: host.config.chainwebP2pUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  const path = join(host.directory, 'status.sock');
  return {
    child,
    ended: once(child, 'exit').then(([code]) => code as number | null),
    status: async () => (await askStatus({ path, clock }, 'status')) as unknown as StatusSnapshot,
    log: () => text,
  };
}

async function online({ status, log }: Process): Promise<StatusSnapshot> {
  const at = async () => {
    const snapshot = await status();
    expect(snapshot.link?.state, log()).toBe('established');
    return snapshot;
  };
  return vi.waitFor(at, { timeout: 60_000, interval: 50 });
}

describe('stoa-agent run', () => {
  it('F08 has a session at once after kill -9, again and again', async () => {
    await using host = await AgentHost.create();
    const nodeId = await host.enroll(world);
    for (let kills = 0; kills < 3; kills += 1) {
      const agent = run(host, 'run');
      expect((await online(agent)).nodeId).toBe(nodeId);
      agent.child.kill('SIGKILL');
      await agent.ended;
    }
    const last = run(host, 'run');
    await online(last);
    last.child.kill('SIGTERM');
    expect(await last.ended, last.log()).toBe(0);
  });

  it('refuses a second process on the same identity', async () => {
    await using host = await AgentHost.create();
    await host.enroll(world);
    const first = run(host, 'run');
    await online(first);
    const second = run(host, 'run');
    expect(await second.ended).toBe(5);
    expect(second.log()).toContain('runs already');
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  });

  it('F33 exits within fifteen seconds of SIGTERM where its hub answers nothing', async () => {
    await using way = await startForwarder(world.hub.url);
    await using host = await AgentHost.create({ origin: way.origin });
    await host.enroll(world);
    const agent = run(host, 'run');
    await online(agent);
    way.blackHole = true;
    const from = performance.now();
    agent.child.kill('SIGTERM');
    expect(await agent.ended, agent.log()).toBe(0);
    expect(performance.now() - from).toBeLessThan(15_000);
  });

  it('says what to do where no node is', async () => {
    await using host = await AgentHost.create();
    const agent = run(host, 'run');
    expect(await agent.ended).toBe(1);
    expect(agent.log()).toContain('stoa-agent enroll');
  });

  it('takes a wish for a new key beside the running agent, one at a time', async () => {
    await using host = await AgentHost.create();
    await host.enroll(world);
    const rotation = run(host, 'rotate-key', '--yes', '--json');
    expect(await rotation.ended, rotation.log()).toBe(0);
    expect(rotation.log()).toContain('"state":"requested"');
    const again = run(host, 'rotate-key', '--yes', '--json');
    expect(await again.ended).toBe(1);
    expect(again.log()).toContain('identity_busy');
  });
});
