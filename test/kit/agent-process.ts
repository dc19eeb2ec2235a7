import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  askStatus,
  createClock,
  createDisk,
  describeError,
  holdDataDir,
  IdentityStore,
  identityDirectory,
  type StatusSnapshot,
} from '@stoa/agent';

const MAIN = fileURLToPath(new URL('../../packages/agent/src/main.ts', import.meta.url));
const ENDS_WITH_PARENT = new URL('ends-with-parent.ts', import.meta.url).href;
/** Stripping types takes 30 MB and half a second: done once for all agents that run from these sources. */
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/agent', import.meta.url));
/** An agent makes little garbage, so a large nursery is only memory. */
const SMALL_NURSERY = '--max-semi-space-size=1';
/** Lines of output that are kept. */
const TAIL = 200;
/** An agent whose parent was killed needs so long to say goodbye, at most. */
const PREDECESSOR_MS = 15_000;

export interface AgentProcessOptions {
  readonly dataDir: string;
  /** Without STOA_AGENT_DATA. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told each line of output. */
  readonly onLine?: (line: string) => void;
}

/** How a process ended: exit code, or signal. */
export type ProcessEnd = number | NodeJS.Signals;

export interface AgentProcess {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** The last lines of its output. */
  output(): string;
  /** Over its status socket. */
  status(): Promise<StatusSnapshot>;
  kill(signal: NodeJS.Signals): void;
  /** Closes the pipe by which it knows that this process lives. */
  letGo(): void;
  /** SIGTERM, and SIGKILL where that is not heeded. Idempotent. */
  stop(patienceMs?: number): Promise<ProcessEnd>;
}

/** The real agent as a process of its own. It ends with this one, however this one ends. */
export function runAgent(options: AgentProcessOptions): AgentProcess {
  const { child, ended, output } = launchAgent(options, ['run']);
  const clock = createClock();
  return {
    pid: child.pid!,
    ended,
    output,
    status: async () =>
      (await askStatus(
        { path: join(options.dataDir, 'status.sock'), clock },
        'status',
      )) as unknown as StatusSnapshot,
    kill: (signal) => void child.kill(signal),
    letGo: () => void child.stdin?.destroy(),
    async stop(patienceMs = 12_000) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      const end = await ended;
      clearTimeout(timer);
      return end;
    },
  };
}

/** Joins by a token, as an operator does. The token is a secret: it goes by a file, never in argv. */
export async function joinAgent(
  options: AgentProcessOptions,
  { token, force = false }: { token: string; force?: boolean },
): Promise<void> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const file = join(options.dataDir, 'join-token');
  await writeFile(file, token, { mode: 0o600 });
  try {
    const args = ['enroll', '--token-file', file, '--yes', ...(force ? ['--force'] : [])];
    // What it says matters only if it fails.
    const { ended, output } = launchAgent({ dataDir: options.dataDir, env: options.env }, args);
    const end = await ended;
    if (end !== 0) throw new Error(`the agent could not join (${end}): ${output()}`);
  } finally {
    await rm(file, { force: true });
  }
}

/** Waits for an agent on the directory whose parent was killed: it is about to end by itself. @throws DataDirBusyError */
export async function untilFree(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  for (const until = performance.now() + PREDECESSOR_MS; ; await sleep(50)) {
    try {
      const lock = await holdDataDir(dataDir, 'default');
      await lock.release();
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
  }
}

function launchAgent(
  { dataDir, env, onLine }: AgentProcessOptions,
  args: readonly string[],
): { child: ChildProcess; ended: Promise<ProcessEnd>; output: () => string } {
  const child = spawn(process.execPath, [SMALL_NURSERY, '--import', ENDS_WITH_PARENT, MAIN, ...args], {
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...env, STOA_AGENT_DATA: dataDir },
    // In a group of its own: a terminal's Ctrl-C is for the parent, which stops it in its turn.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream! }).on('line', (line) => {
      lines.push(line);
      if (lines.length > TAIL) lines.shift();
      onLine?.(line);
    });
  const ended = once(child, 'exit').then(([code, signal]): ProcessEnd => code ?? signal);
  return { child, ended, output: () => lines.join('\n') };
}

/** The identity that a data directory holds. */
export async function identityIn(dataDir: string): Promise<IdentityStore | undefined> {
  try {
    return await IdentityStore.open(createDisk(), identityDirectory({ dataDir, instance: 'default' }));
  } catch (error) {
    if (describeError(error).code === 'not_enrolled') return undefined;
    throw error;
  }
}
