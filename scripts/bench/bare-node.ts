import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AgentInputs, buildExecutables } from '../agent-build/build.ts';
import { exactCpuMsOf, memoryOf } from './process-figures.ts';
import { leaveCache, type Started } from './starts.ts';

/** Says that it runs, and waits until it is ended. */
const NOTHING = "require('node:fs').writeSync(1, '.'); setTimeout(() => undefined, 60_000);";

/** The agent's executable without the agent: the same Node with the same flags, made alike. No agent can be less than that. */
export async function buildBareNode(inputs: AgentInputs, to: string): Promise<string> {
  const content = { ...inputs.content, launcher: Buffer.from(NOTHING) };
  const [executable] = await buildExecutables({ ...inputs, content }, to);
  return executable!.path;
}

export async function startBareNode(program: string): Promise<Started & { readonly pid: number }> {
  const started = performance.now();
  const bare = spawn(program, { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(bare.stdout, 'data');
  const ms = performance.now() - started;
  const pid = bare.pid!;
  return {
    ms,
    cpuMs: exactCpuMsOf(pid),
    pid,
    async stop() {
      const exited = once(bare, 'exit');
      bare.kill();
      await exited;
    },
  };
}

export async function bareNodeMemory(program: string): Promise<{ privateMb: number; residentMb: number }> {
  await leaveCache(program);
  const { pid, stop } = await startBareNode(program);
  try {
    return await memoryOf(pid);
  } finally {
    await stop();
  }
}
