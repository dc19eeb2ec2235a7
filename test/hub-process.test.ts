/** `stoa-hub` as a process of its own: what it prints, what it listens on, what it says when it cannot serve. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInstanceKey } from '@stoa/hub';
import { parseJoinToken } from '@stoa/protocol';
import { formatCheckpoint } from '@stoa/protocol/chainweb';
import { nodeCrypto } from '@stoa/protocol/node';
import { initDevelopmentSigner, startSigner } from '@stoa/signer/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetwork } from './chainweb/index.ts';
import { hubProgram } from './kit/hub-program.ts';
import { random } from './kit/wire-agent.ts';

const PROGRAM = await hubProgram();

let dataDir: string;
let checkpointFile: string;
let signer: Awaited<ReturnType<typeof startSigner>>;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'stoa-process-'));
  await chmod(dataDir, 0o711);
  const key = await loadInstanceKey(join(dataDir, 'instance.key'), { crypto: nodeCrypto, random });
  const dir = join(dataDir, 'signer');
  await initDevelopmentSigner({
    dir,
    region: 'local',
    instances: [{ instance: 'hub-1', publicKey: key.publicKey }],
  });
  signer = await startSigner({ dir, socketPath: join(dir, 'signer.sock') });
  const network = createNetwork({ seed: 1, clock: { now: () => Date.now() }, history: 5 });
  checkpointFile = join(dataDir, 'checkpoint.json');
  await writeFile(checkpointFile, formatCheckpoint(network.checkpoint));
});

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await signer.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function environment(change: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    DATA_DIR: dataDir,
    PORT: '0',
    CHAINWEB_NETWORK: 'simulated',
    CHAINWEB_CHECKPOINT: checkpointFile,
    ...change,
  };
}

interface Served {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly output: () => string;
}

/** Starts `serve` and resolves once it names its console; rejects with what it said where it ends instead. */
async function serve(change: Record<string, string> = {}): Promise<Served> {
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    env: environment(change),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  const origin = await new Promise<string>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      const found = /^Console: (\S+)$/m.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('exit', (code) => {
      running.delete(child);
      reject(new Error(`exit ${code}\n${output}`));
    });
  });
  return { child, origin, output: () => output };
}

async function stop({ child }: Served, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  const ended = once(child, 'exit');
  child.kill(signal);
  const [code] = await ended;
  return code as number | null;
}

/** Local addresses that a process listens on by TCP, from /proc. */
async function listeners(pid: number): Promise<string[]> {
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  );
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  );
  const rows = tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/)),
  );
  return rows.filter((row) => row[3] === '0A' && inodes.has(row[9]!)).map((row) => row[1]!);
}

describe('a serving hub', () => {
  it('listens on one port and no other, answers probes, and its metrics pass promtool', async () => {
    const hub = await serve();
    const sockets = await listeners(hub.child.pid!);
    expect(sockets).toHaveLength(1);
    expect(Number.parseInt(sockets[0]!.split(':')[1]!, 16)).toBe(Number(new URL(hub.origin).port));
    expect(await (await fetch(`${hub.origin}/healthz`)).text()).toBe('ok\n');
    expect(await (await fetch(`${hub.origin}/readyz`)).text()).toBe('ready\n');
    const metrics = await (await fetch(`${hub.origin}/metrics`)).text();
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8' });
    expect(`${checked.stdout}${checked.stderr}`).toBe('');
    expect(checked.status).toBe(0);
    expect(hub.output()).toMatch(/^Sign in \(once, within 24 hours\): http\S+\/sign-in\/\S+$/m);
    expect(await stop(hub)).toBe(0);
  });

  it('logs JSON lines and no secret', async () => {
    const hub = await serve();
    const lines = hub
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    expect(lines.join('\n')).not.toMatch(/sign-in\//);
    await stop(hub, 'SIGINT');
  });

  it('comes back after kill -9 on the same data, and a second hub on them is refused with a clear line', async () => {
    const first = await serve();
    await stop(first, 'SIGKILL');
    const again = await serve();
    await expect(serve()).rejects.toThrow(/exit 1[\s\S]*data_directory_in_use/);
    expect((await fetch(`${again.origin}/readyz`)).status).toBe(200);
    expect(await stop(again)).toBe(0);
  });
});

describe('commands beside a running hub', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [PROGRAM, ...args], {
      env: environment({ LOG_LEVEL: 'error' }),
      encoding: 'utf8',
    });

  it('make a login link that the hub takes, and a join token for its origin and root', async () => {
    const hub = await serve();
    const link = run('login-link').stdout.trim();
    expect(new URL(link).origin).toBe(hub.origin);
    expect((await fetch(link)).status).toBe(200);
    const post = (path: string, fields: Record<string, string>) =>
      fetch(new URL(path, hub.origin), {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(fields),
      });
    expect(run('admin', 'reset-link', 'nobody@example.org').stderr).toContain('[no_account]');
    await post('/sign-in', { link: link.split('/').at(-1)! });
    const reset = run('admin', 'reset-link', ' Admin@Stoa.local').stdout.trim();
    expect(new URL(reset).origin).toBe(hub.origin);
    const password = 'a stoa has ten columns';
    expect((await post('/reset', { token: reset.split('/').at(-1)!, password })).status).toBe(303);
    const signedIn = await post('/sign-in/password', { email: 'admin@stoa.local', password });
    expect(signedIn.headers.get('location')).toBe('/fleet');
    const made = run(
      '--json',
      'token',
      'new',
      '--owner',
      'a@example.org',
      '--label',
      'oslo-1',
      '--uses',
      '3',
    );
    const { token, uses } = JSON.parse(made.stdout) as { token: string; uses: number };
    expect(uses).toBe(3);
    expect(parseJoinToken(token)).toMatchObject({ hub: hub.origin, owner: 'a@example.org', region: 'local' });
    expect(run('token', 'new', '--owner', 'a@example.org', '--uses', 'many')).toMatchObject({ status: 2 });
    expect(run('token', 'new')).toMatchObject({ status: 2 });
    await stop(hub);
    const alone = run('login-link');
    expect(alone.status).toBe(4);
    expect(alone.stderr).toMatch(/No hub runs on .*: start it/);
  });
});

describe('a hub that cannot serve', () => {
  it.each([
    ['a port that is none', 2, { PORT: '99999' }, /PORT='99999' cannot be used: a port/],
    ['a public URL that is none', 2, { PUBLIC_URL: 'hub' }, /PUBLIC_URL='hub' cannot be used: a URL like/],
    [
      'no checkpoint',
      1,
      { CHAINWEB_CHECKPOINT: '' },
      /CHAINWEB_CHECKPOINT is not set[\s\S]*stoa-hub checkpoint URL/,
    ],
    [
      'another network',
      1,
      { CHAINWEB_NETWORK: 'stoa' },
      /is of network 'simulated'; CHAINWEB_NETWORK is 'stoa'/,
    ],
    [
      'a database that does not answer',
      4,
      { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
      /database_unavailable/,
    ],
    ['a signer of another region', 1, { REGION: 'eu' }, /certifies for region 'local'; REGION is 'eu'/],
  ])('%s: one clear line and exit %i', async (_what, code, change, said) => {
    const failure = await serve(change as Record<string, string>).then(() => 'it serves', String);
    expect(failure).toContain(`exit ${code}\n`);
    expect(failure).toMatch(said);
  });

  it('an unknown command: usage and exit 2; help: every setting', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [PROGRAM, ...args], { env: environment(), encoding: 'utf8' });
    const unknown = run('sreve');
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toMatch(/unknown command 'sreve'[\s\S]*serve/);
    const help = run('--help');
    expect(help.status).toBe(0);
    for (const name of ['DATABASE_URL', 'PUBLIC_URL', 'CHAINWEB_CHECKPOINT'])
      expect(help.stdout).toContain(name);
  });
});
