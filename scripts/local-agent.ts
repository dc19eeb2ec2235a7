import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hub } from '@stoa/hub';
import type { LocalChain } from './local-chain.ts';

const AGENT = fileURLToPath(new URL('../packages/agent/src/main.ts', import.meta.url));
const STOP_MS = 9_000;

export interface LocalAgent extends AsyncDisposable {
  readonly pid: number;
  readonly dataDir: string;
  /** Settles when the agent ends before it is disposed of. */
  readonly ended: Promise<string>;
}

/** The real agent in a process of its own, joined by a real token, as an operator would. */
export async function startLocalAgent(
  hub: Hub,
  chain: LocalChain,
  by: { dataDir: string; owner: string; env: NodeJS.ProcessEnv },
): Promise<LocalAgent> {
  const dataDir = join(by.dataDir, 'agent');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const env = {
    ...by.env,
    STOA_AGENT_DATA: dataDir,
    CHAINWEB_NETWORK: chain.network,
    CHAINWEB_URL: chain.serviceUrl,
    ...(chain.p2pUrl === undefined ? {} : { CHAINWEB_P2P_URL: chain.p2pUrl }),
  };
  if (!(await isEnrolled(env))) {
    const token = await hub.tokens.create({
      owner: by.owner,
      createdBy: 'start',
      label: 'this machine',
      tags: ['local'],
    });
    // The token is a secret: by standard input, never in argv.
    await complete(
      spawn(process.execPath, [AGENT, 'enroll', '-', '--yes'], { env, stdio: ['pipe', 'ignore', 'inherit'] }),
      token,
    );
  }
  const child = spawn(process.execPath, [AGENT, 'run'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  let stopping = false;
  const exited = once(child, 'exit');
  const ended = exited.then(([code, signal]) =>
    stopping ? new Promise<string>(() => undefined) : `exit ${code ?? signal}`,
  );
  return {
    pid: child.pid!,
    dataDir,
    ended,
    async [Symbol.asyncDispose]() {
      stopping = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function isEnrolled(env: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn(process.execPath, [AGENT, 'status', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [output] = await Promise.all([text(child), once(child, 'exit')]);
  const line = output.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') && (JSON.parse(line) as { enrolled?: boolean }).enrolled === true;
}

async function text(child: ChildProcess): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout!) output += String(chunk);
  return output;
}

async function complete(child: ChildProcess, input: string): Promise<void> {
  child.stdin!.end(`${input}\n`);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the local agent could not join (exit ${code}): see above`);
}
