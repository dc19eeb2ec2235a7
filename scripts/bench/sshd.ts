import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SSHD = '/usr/sbin/sshd';

export interface Sshd extends AsyncDisposable {
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
}

/** OpenSSH on every address of the loopback, for whoever runs this. @returns null where it is not installed. */
export async function startSshd(): Promise<Sshd | null> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-sshd-'));
  const key = async (name: string) => {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)]);
    return await readFile(join(directory, name), 'utf8');
  };
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await run(SSHD, ['-V']).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw error;
    });
  } catch {
    await remove();
    return null;
  }
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
  const [, privateKey] = await Promise.all([key('host'), key('login')]);
  const port = await freePort();
  const settings = [
    `Port ${port}`,
    'ListenAddress 0.0.0.0',
    `HostKey ${join(directory, 'host')}`,
    `AuthorizedKeysFile ${join(directory, 'login.pub')}`,
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    'PermitRootLogin prohibit-password',
    'MaxStartups 200',
    // What somebody's login shell reads is no part of the measure.
    `SetEnv HOME=${directory}`,
  ];
  await writeFile(join(directory, 'config'), settings.join('\n'));
  const server = spawn(SSHD, ['-D', '-e', '-f', join(directory, 'config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines = createInterface({ input: server.stderr });
  await Promise.race([
    new Promise<void>((resolve) => {
      lines.on('line', (line) => line.includes('Server listening') && resolve());
    }),
    once(server, 'exit').then(() => Promise.reject(new Error('sshd did not start'))),
  ]);
  return {
    port,
    user: userInfo().username,
    privateKey,
    async [Symbol.asyncDispose]() {
      server.kill();
      await once(server, 'exit');
      await remove();
    },
  };
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
