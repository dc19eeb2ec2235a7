import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@stoa/hub';
import { startSimulator } from '../../test/chainweb/index.ts';
import { openTestHub } from '../../test/kit/hub.ts';
import { bundleAgent } from '../bundle.ts';
import { cpuMsOf } from './mosquitto.ts';
import type { Bench } from './result.ts';
import { result, round } from './result.ts';

/** The flags of the binary: no compiler at run time, small young generation, no helper threads. */
const FLAGS = ['--jitless', '--max-semi-space-size=1', '--v8-pool-size=0'];
const RESIDENT_MB = 60;
const CPU_SHARE = 0.001;

/**
 * Memory and CPU of the real agent, bundled as for its binary, in session with a real hub and following a simulated
 * node. One minute; ten under --long.
 */
export const benchAgent: Bench = async ({ long, say }) => {
  const seconds = long ? 600 : 60;
  const dir = await mkdtemp(join(tmpdir(), 'stoa-bench-agent-'));
  const file = join(dir, 'stoa-agent.cjs');
  await bundleAgent(file);
  const simulator = await startSimulator({ clock: systemClock });
  try {
    await using world = await openTestHub({ logLevel: 'error', network: simulator.network });
    const dataDir = join(dir, 'data');
    await mkdir(dataDir, { mode: 0o700 });
    const env = {
      PATH: process.env['PATH'],
      MALLOC_ARENA_MAX: '1',
      STOA_AGENT_DATA: dataDir,
      CHAINWEB_NETWORK: simulator.network.network.name,
      CHAINWEB_URL: simulator.serviceUrl,
      CHAINWEB_P2P_URL: simulator.p2pUrl,
      STOA_AGENT_LOG_LEVEL: 'warn',
    };
    const run = (args: string[]) =>
      spawn(process.execPath, [...FLAGS, file, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    const token = join(dir, 'token');
    await writeFile(
      token,
      await world.hub.tokens.create({ owner: 'bench@example.org', createdBy: 'bench' }),
      { mode: 0o600 },
    );
    const [code] = await once(run(['enroll', '--token-file', token, '--yes']), 'exit');
    if (code !== 0) throw new Error(`the agent could not join (exit ${code}): see above`);
    const agent = run(['run']);
    try {
      while (world.hub.agents.gateway.sessions.size === 0) await pause(100);
      await pause(10_000);
      say(`in session; measuring for ${seconds} s`);
      const before = cpuMsOf(agent.pid!);
      const heartbeats = world.hub.agents.heartbeats.received;
      await pause(seconds * 1000);
      const cpuMs = cpuMsOf(agent.pid!) - before;
      const { residentMb, privateMb } = await memoryOf(agent.pid!);
      const cpuShare = cpuMs / (seconds * 1000);
      return result({
        bench: 'agent',
        value: round(privateMb),
        unit: 'MB private',
        target: 20,
        better: 'lower',
        peer: null,
        pass: privateMb <= 20 && residentMb <= RESIDENT_MB && cpuShare <= CPU_SHARE,
        detail: {
          residentMb: round(residentMb),
          residentTarget: RESIDENT_MB,
          cpuPercent: round(cpuShare * 100),
          cpuTargetPercent: CPU_SHARE * 100,
          seconds,
          heartbeats: world.hub.agents.heartbeats.received - heartbeats,
        },
      });
    } finally {
      agent.kill('SIGTERM');
      await once(agent, 'exit');
    }
  } finally {
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  }
};

/** MB = 10^6 bytes, from /proc: private is what no file backs. */
async function memoryOf(pid: number): Promise<{ residentMb: number; privateMb: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { residentMb: mb('VmRSS'), privateMb: mb('RssAnon') };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
