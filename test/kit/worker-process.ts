import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HubHome } from './hub-process.ts';
import { hubProgram } from './hub-program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface WorkerProcess extends AsyncDisposable {
  readonly pid: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** `stoa-hub worker` beside a hub; resolves once it takes work. */
export async function startWorker({ dataDir, region, network }: HubHome): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [await hubProgram(), 'worker'], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      ...{ DATA_DIR: dataDir, REGION: region.name, CHAINWEB_NETWORK: network.network.name },
      ...{ EGRESS_ALLOW: '10.0.0.0/8', LOG_LEVEL: 'warn' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const ended = once(child, 'exit');
  const takes = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      if (line.startsWith('Worker: ')) takes.resolve();
    });
  void ended.then(() => takes.reject(new Error(`the worker ended: ${said.join('\n')}`)));
  await takes.promise;
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return { pid: child.pid!, kill, [Symbol.asyncDispose]: () => kill('SIGTERM') };
}
