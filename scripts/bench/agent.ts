import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@stoa/hub';
import { startSimulator } from '../../test/chainweb/index.ts';
import { openTestHub, type TestHub } from '../../test/kit/hub.ts';
import { type AgentInputs, buildExecutables, gatherInputs } from '../agent-build/build.ts';
import { compress } from '../agent-build/compression.ts';
import { developmentRoot } from '../agent-build/development-root.ts';
import { HOST_PLATFORM, isPlatform } from '../agent-build/platform.ts';
import { bareNodeMemory, buildBareNode, startBareNode } from './bare-node.ts';
import { measureNodeExporter } from './node-exporter.ts';
import { childrenOf, exactCpuMsOf, memoryOf, reapedCpuMsOf } from './process-figures.ts';
import type { Bench } from './result.ts';
import { result, round } from './result.ts';
import { leaveCache, measureStarts, type Started } from './starts.ts';

const HEARTBEAT_SECONDS = 15;
const TARGET = {
  privateMb: 20,
  residentMb: 60,
  cpuPercent: 0.1,
  coldStartMs: 300,
  rawMb: 110,
  compressedMb: 31,
} as const;

/**
 * The real binary in session with a real hub, following a simulated node: its size, how long it takes from its start to its
 * session, its memory and CPU; beside them, what its Node alone takes, which is the floor of each. Five minutes, since it looks at the whole host once in that; ten under --long.
 */
export const benchAgent: Bench = async ({ long, say }) => {
  const seconds = long ? 600 : 300;
  const dir = await mkdtemp(join(tmpdir(), 'stoa-bench-agent-'));
  const simulator = await startSimulator({ clock: systemClock });
  try {
    const inputs = await gatherProgram(say);
    const [executable] = await buildExecutables(inputs, dir);
    const program = executable!.path;
    const bareNode = await buildBareNode(inputs, join(dir, 'bare'));
    say('compress it');
    const compressedMb = (await compress(program, join(dir, 'compressed'))) / 1e6;
    const rawMb = (await stat(program)).size / 1e6;
    await using world = await openTestHub({
      logLevel: 'error',
      network: simulator.network,
      env: { HEARTBEAT_SECONDS: String(HEARTBEAT_SECONDS) },
    });
    const agent = new BenchedAgent(world, program, {
      STOA_AGENT_DATA: join(dir, 'data'),
      CHAINWEB_NETWORK: simulator.network.network.name,
      CHAINWEB_URL: simulator.serviceUrl,
      CHAINWEB_P2P_URL: simulator.p2pUrl,
      STOA_AGENT_LOG_LEVEL: 'warn',
    });
    await mkdir(join(dir, 'data'), { mode: 0o700 });
    await agent.join(join(dir, 'token'));
    const [starts, bareStarts] = await measureStarts(dir, [
      { program, start: (copy) => agent.startMeasured(copy) },
      { program: bareNode, start: startBareNode },
    ]);
    const bare = { ...bareStarts!, ...(await bareNodeMemory(bareNode)) };
    const floor = Object.fromEntries(Object.entries(bare).map(([name, value]) => [name, round(value)]));
    say(`starts: ${JSON.stringify(starts)}; Node alone: ${JSON.stringify(floor)}`);
    const steady = await measureSteady(agent, world, { seconds, say });
    say('the same of node_exporter');
    const exporter = await measureNodeExporter({ seconds: 60, everyMs: HEARTBEAT_SECONDS * 1000, pause });
    const { privateMb, residentMb, cpuPercent } = steady;
    const measured = { privateMb, residentMb, cpuPercent, coldStartMs: starts!.coldMs, rawMb, compressedMb };
    const missed = (Object.keys(TARGET) as (keyof typeof TARGET)[]).filter(
      (name) => measured[name] > TARGET[name],
    );
    return result({
      bench: 'agent',
      value: round(privateMb),
      unit: 'MB private',
      target: TARGET.privateMb,
      better: 'lower',
      peer: exporter === null ? null : { name: 'node_exporter', value: exporter.privateMb },
      pass: missed.length === 0,
      detail: {
        ...Object.fromEntries(Object.entries(measured).map(([name, value]) => [name, round(value)])),
        warmStartMs: round(starts!.warmMs),
        warmStartCpuMs: round(starts!.warmCpuMs),
        nodeAlone: floor,
        targets: TARGET,
        missed,
        seconds,
        heartbeatSeconds: HEARTBEAT_SECONDS,
        heartbeats: steady.heartbeats,
        nodeExporter: exporter,
      },
    });
  } finally {
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  }
};

async function gatherProgram(say: (text: string) => void): Promise<AgentInputs> {
  if (!isPlatform(HOST_PLATFORM)) throw new Error(`there is no agent for ${HOST_PLATFORM}`);
  return gatherInputs({ platforms: [HOST_PLATFORM], root: await developmentRoot(), say });
}

/** One agent after the other, of the same identity. */
class BenchedAgent {
  readonly #world: TestHub;
  readonly #env: Readonly<Record<string, string>>;
  readonly program: string;

  constructor(world: TestHub, program: string, env: Readonly<Record<string, string>>) {
    this.#world = world;
    this.#env = env;
    this.program = program;
  }

  async join(token: string): Promise<void> {
    const by = { owner: 'bench@example.org', createdBy: 'bench' };
    await writeFile(token, await this.#world.hub.tokens.create(by), { mode: 0o600 });
    const [code] = await once(this.#spawn(['enroll', '--token-file', token, '--yes']), 'exit');
    if (code !== 0) throw new Error(`the agent could not join (exit ${code}): see above`);
  }

  /** Resolves once it is in session. */
  async start(program = this.program): Promise<ChildProcess> {
    const { sessions } = this.#world.hub.agents.gateway;
    const agent = this.#spawn(['run'], program);
    while (sessions.size === 0) {
      if (agent.exitCode !== null) throw new Error(`the agent left with ${agent.exitCode}: see above`);
      await pause(1);
    }
    return agent;
  }

  async startMeasured(program: string): Promise<Started> {
    const started = performance.now();
    const agent = await this.start(program);
    const ms = performance.now() - started;
    return { ms, cpuMs: exactCpuMsOf(agent.pid!), stop: () => this.stop(agent) };
  }

  async stop(agent: ChildProcess): Promise<void> {
    const { sessions } = this.#world.hub.agents.gateway;
    const exited = once(agent, 'exit');
    agent.kill('SIGTERM');
    await exited;
    while (sessions.size > 0) await pause(10);
  }

  #spawn(args: string[], program = this.program): ChildProcess {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...this.#env };
    return spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

/** Of the agent and of the shell that watches over it, after a start from a cold file: what was just written is mapped in larger pieces. */
async function measureSteady(
  agent: BenchedAgent,
  world: TestHub,
  { seconds, say }: { seconds: number; say: (text: string) => void },
): Promise<{ privateMb: number; residentMb: number; cpuPercent: number; heartbeats: number }> {
  await leaveCache(agent.program);
  const running = await agent.start();
  try {
    await pause(10_000);
    say(`in session; measuring for ${seconds} s`);
    const processes = [running.pid!, ...childrenOf(running.pid!)];
    const spent = () => processes.reduce((sum, pid) => sum + exactCpuMsOf(pid) + reapedCpuMsOf(pid), 0);
    const before = spent();
    const heartbeats = world.hub.agents.heartbeats.received;
    await pause(seconds * 1000);
    const cpuPercent = (spent() - before) / (seconds * 10);
    const all = await Promise.all(processes.map(memoryOf));
    const sum = (of: 'privateMb' | 'residentMb') => all.reduce((total, memory) => total + memory[of], 0);
    return {
      privateMb: sum('privateMb'),
      residentMb: sum('residentMb'),
      cpuPercent,
      heartbeats: world.hub.agents.heartbeats.received - heartbeats,
    };
  } finally {
    await agent.stop(running);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
