import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { until } from './until.ts';

const run = promisify(execFile);
const SCRIPT = join(import.meta.dirname, 'bare-host.sh');
/** The service manager of a host on which no systemd is process 1. */
const SERVICE_MANAGER = join(import.meta.dirname, 'systemctl.sh');

/** FROM PORT TO PORT. */
const FORWARDER = `const net = require('net'); const [from, port, to, at] = process.argv.slice(1);
net.createServer((a) => { const b = net.connect(at, to); for (const [x, y] of [[a, b], [b, a]]) {
  x.pipe(y); x.on('error', () => y.destroy()); x.on('close', () => y.destroy()); } })
  .listen(Number(port), from, () => console.log('on'));`;

export interface BareHost extends AsyncDisposable {
  /** Of its sshd on port 22; every host has a /30 of its own. */
  readonly address: string;
  /** By which it reaches this side. */
  readonly hubAddress: string;
  readonly user: string;
  readonly password: string;
  /** Makes a port of this machine's loopback the host's own, under the same number unless said: as if its server ran there. */
  forward(port: number, as?: number): Promise<void>;
  /** Runs a shell command on it as root, not over SSH. @returns what it printed. @throws where it fails. */
  exec(command: string): Promise<string>;
  close(): Promise<void>;
}

export interface BareHostOptions {
  /** Whether the user may become root: without a password, with his own, or not. */
  readonly sudo?: 'free' | 'asks' | 'none';
  /** Of its disk. */
  readonly size?: string;
  /** Directory of files that it has from the start, as below its root. */
  readonly image?: string;
}

/** Needs root: namespaces of its own for mounts, processes and network. */
export const canHost = process.getuid?.() === 0;

/** A fresh machine with an OpenSSH server, in a tenth of a second. */
export async function startBareHost(options: BareHostOptions = {}): Promise<BareHost> {
  const id = randomBytes(4);
  const name = `stoa-${id.toString('hex')}`;
  const [outside, inside] = [`sh${id.toString('hex')}`, 'stoa0'];
  const network = `10.${64 + (id[0]! % 64)}.${id[1]}.`;
  const base = id[2]! & 0xfc;
  const [hubAddress, address] = [`${network}${base + 1}`, `${network}${base + 2}`];
  const [user, password] = ['op', `pw-${id.toString('hex')}`];
  const directory = await mkdtemp(join(tmpdir(), 'stoa-host-'));
  await run('ip', ['netns', 'add', name]);
  await run('ip', ['link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name]);
  await run('ip', ['address', 'add', `${hubAddress}/30`, 'dev', outside]);
  await run('ip', ['link', 'set', outside, 'up']);
  const child = spawn(
    'ip',
    [
      'netns',
      'exec',
      name,
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      SCRIPT,
      directory,
    ].concat([options.size ?? '2g', address, user, password, options.sudo ?? 'free', options.image ?? '']),
    { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'] } },
  );
  const said: string[] = [];
  const listening = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('listening on 0.0.0.0 port 22')) resolve();
    });
    child.once('exit', () => reject(new Error(`the host did not come up: ${said.join('\n')}`)));
  });
  const forwarders: ChildProcess[] = [];
  const close = async () => {
    for (const forwarder of forwarders) forwarder.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await run('ip', ['netns', 'del', name]);
    await run('ip', ['link', 'del', outside]).catch(() => undefined);
    await until('the mounts of the host are gone', async () => {
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
      return true;
    });
  };
  try {
    await listening;
  } catch (error) {
    await close();
    throw error;
  }
  const first = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim();
  return {
    forward: async (port, as = port) => {
      // Two halves: one socket each in the network of this side and of the host.
      const outer = spawn(
        process.execPath,
        ['-e', FORWARDER, hubAddress, `${port}`, '127.0.0.1', `${port}`],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const inner = spawn(
        'nsenter',
        [
          '-t',
          first,
          '--net',
          process.execPath,
          '-e',
          FORWARDER,
          '127.0.0.1',
          `${as}`,
          hubAddress,
          `${port}`,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      forwarders.push(outer, inner);
      await Promise.all([once(outer.stdout, 'data'), once(inner.stdout, 'data')]);
    },
    ...{ address, hubAddress, user, password, close },
    exec: async (command) => {
      const inside = ['-t', first, '--mount', '--net', '--pid', 'chroot', join(directory, 'root')];
      return (
        await run('nsenter', [...inside, 'sh', '-c', command], {
          env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        })
      ).stdout;
    },
    [Symbol.asyncDispose]: close,
  };
}

/** It knows the hub as if on its own loopback, and has a service manager of one service. */
export async function startHostOf(origin: string, options: BareHostOptions = {}): Promise<BareHost> {
  const host = await startBareHost(options);
  await host.forward(Number(new URL(origin).port));
  const program = (await readFile(SERVICE_MANAGER)).toString('base64');
  await host.exec(
    `mkdir -p /run/systemd/system && echo ${program} | base64 -d > /usr/local/bin/systemctl && chmod 755 /usr/local/bin/systemctl`,
  );
  return host;
}
