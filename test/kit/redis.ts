import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ATTEMPTS = 5;

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  /** A crash. Without persistence, everything in it is lost. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** The machine's own Redis on a free loopback port. */
export async function startRedis(options: { persistent?: boolean } = {}): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-redis-'));
  const persistence = options.persistent === true ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
  const launch = (port: number) =>
    untilReady(
      spawn(
        'redis-server',
        ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', directory, ...persistence],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      ),
    );
  let port = await freePort();
  let server = await launch(port);
  for (let attempt = 1; server === undefined && attempt < ATTEMPTS; attempt += 1) {
    port = await freePort();
    server = await launch(port);
  }
  if (server === undefined) throw new Error('redis-server did not start: apt-get install redis-server');
  let running = server;
  const kill = async () => {
    if (running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  };
  const close = async () => {
    await kill();
    await rm(directory, { recursive: true, force: true });
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    start: async () => {
      const again = await launch(port);
      if (again === undefined) throw new Error(`redis-server did not start again on port ${port}`);
      running = again;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function untilReady(server: ChildProcess): Promise<ChildProcess | undefined> {
  return new Promise((resolve, reject) => {
    createInterface({ input: server.stdout! }).on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve(server);
    });
    server.once('error', reject).once('exit', () => resolve(undefined));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
