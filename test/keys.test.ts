/** The signer's daemon as a real process: custody of keys over kill -9, restarts, wrong openings and second starts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, link, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { peek, peekInstanceCert, regionTimeKind, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { connectSigner, initDevelopmentSigner, type SignerClient, startSigner } from '@stoa/signer/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(import.meta.resolve('@stoa/signer').replace('index.ts', 'main.ts'));
const hubKey = nodeCrypto.signingKey(new Uint8Array(randomBytes(32)));

let home: string;
let dir: string;
let socketPath: string;
const children = new Set<ChildProcess>();
const clients = new Set<SignerClient>();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'stoa-keys-'));
  dir = join(home, 'signer');
  socketPath = join(home, 's.sock');
});

afterEach(async () => {
  for (const client of clients) await client.close();
  clients.clear();
  for (const child of children) await kill(child, 'SIGKILL');
  children.clear();
  await rm(home, { recursive: true });
});

function signer(args: readonly string[], stdio: Array<'ignore' | 'pipe' | number> = []): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: [stdio[0] ?? 'ignore', 'pipe', 'pipe', ...stdio.slice(1)],
  });
  children.add(child);
  return child;
}

/** A command that ends by itself: its exit code and all it printed. */
async function run(...args: string[]): Promise<{ code: number; printed: string }> {
  const child = signer(args);
  const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')]);
  return { code: child.exitCode ?? -1, printed: out + err };
}

/** A daemon that serves. */
async function serve(...args: string[]): Promise<ChildProcess> {
  const child = signer(['serve', '--dir', dir, '--socket', socketPath, ...args]);
  await ready(child);
  return child;
}

async function ready(child: ChildProcess): Promise<void> {
  const complaint = text(child.stderr!);
  const ended = once(child, 'close').then(async () =>
    Promise.reject(new Error(`signer ended: ${await complaint}`)),
  );
  ended.catch(() => undefined);
  await Promise.race([once(createInterface({ input: child.stdout! }), 'line'), ended]);
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }
  return child.exitCode;
}

/** Runs a command in a terminal, answering each question as soon as it is asked. @returns all that the terminal showed. */
async function atTerminal(args: readonly string[], answers: Record<string, string>): Promise<string> {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--command', command, '/dev/null'], { stdio: 'pipe' });
  children.add(child);
  let shown = '';
  const open = Object.entries(answers);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
    if (open[0] === undefined || !shown.includes(open[0][0])) return;
    child.stdin.write(open.shift()![1]);
  });
  await once(child, 'close');
  return shown;
}

function connect(path = socketPath): SignerClient {
  const client = connectSigner({ socketPath: path, timeoutMs: 30_000 });
  clients.add(client);
  return client;
}

function init() {
  const instances = [{ instance: 'hub-1', publicKey: hubKey.publicKey }];
  return initDevelopmentSigner({ dir, region: 'eu', instances });
}

const newNode = () => ({
  publicKey: nodeCrypto.signingKey(new Uint8Array(randomBytes(32))).publicKey,
  tokenId: new Uint8Array(randomBytes(16)),
});

describe('the signer daemon', () => {
  test('killed with -9 amid its work and started again: serials and time go on, nothing answered is lost', async () => {
    await init();
    const client = connect();
    const answered = new Set<string>();
    let serial = 0;
    let time = 0;
    for (let life = 0; life < 4; life += 1) {
      const daemon = await serve();
      for (let n = 0; n < 3; n += 1) {
        const chain = await client.instanceCert({ instance: 'hub-1', key: hubKey });
        const next = peekInstanceCert(chain.instance).serial;
        expect(next).toBeGreaterThan(serial);
        serial = next;
      }
      const { at } = peek(regionTimeKind, (await client.regionTime()).regionTime);
      expect(at).toBeGreaterThanOrEqual(time);
      time = at;
      const nodes = Array.from({ length: 30 }, newNode);
      const enrolments = nodes.map(async (node) => {
        await client.enrol(node);
        answered.add(toHex(nodeCrypto.hash(node.publicKey)));
      });
      await Promise.any(enrolments);
      await Promise.all([kill(daemon, 'SIGKILL'), Promise.allSettled(enrolments)]);
    }
    const { code, printed } = await run('verify', '--dir', dir);
    expect(code, printed).toBe(0);
    const journal = await readFile(join(dir, 'journal'), 'utf8');
    expect(answered.size).toBeGreaterThanOrEqual(4);
    for (const nodeId of answered) expect(journal).toContain(nodeId);
  });

  test('a client in the hub lives through the restart of the signer', async () => {
    await init();
    const first = await serve();
    const client = connect();
    const before = await client.status();
    await kill(first, 'SIGKILL');
    await expect(client.status()).rejects.toMatchObject({ code: 'signer_unreachable', retry: true });
    await serve();
    expect((await client.status()).journal.entries).toBe(before.journal.entries);
  });

  test('SIGTERM ends it fast and takes its socket away', async () => {
    await init();
    const daemon = await serve();
    await connect().status();
    const asked = performance.now();
    expect(await kill(daemon, 'SIGTERM')).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5_000);
    await expect(stat(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a second one for the same keys is refused, and the first goes on', async () => {
    await init();
    await serve();
    const second = await run('serve', '--dir', dir, '--socket', join(home, 'other.sock'));
    expect(second.code).toBe(1);
    expect(second.printed).toMatch(/another signer holds .*signer.*directory_in_use/);
    expect((await connect().status()).region).toBe('eu');
  });

  test('other keys on a socket in use are refused', async () => {
    await init();
    await serve();
    const other = join(home, 'other');
    await initDevelopmentSigner({ dir: other, region: 'na' });
    const second = await run('serve', '--dir', other, '--socket', socketPath);
    expect(second).toMatchObject({ code: 1, printed: expect.stringContaining('another process serves') });
    expect((await connect().status()).region).toBe('eu');
  });

  test('keys that others can read are refused, with the command that mends it', async () => {
    await init();
    const key = join(dir, 'keys', 'enrol.key');
    await chmod(key, 0o644);
    const refused = await run('serve', '--dir', dir, '--socket', socketPath);
    expect(refused.code).toBe(1);
    expect(refused.printed).toContain(`chmod 600 ${key}`);
    await chmod(key, 0o600);
    await serve();
    expect((await connect().status()).region).toBe('eu');
  });

  test('a wrong passphrase opens nothing and is repeated nowhere; the right one does', async () => {
    const pass = join(home, 'pass');
    const wrong = join(home, 'wrong');
    await writeFile(pass, 'correct horse battery\n', { mode: 0o600 });
    await writeFile(wrong, 'incorrect horse battery\n', { mode: 0o600 });
    const made = await run('region', 'init', '--dir', dir, '--region', 'eu', '--passphrase-file', pass);
    expect(made.code, made.printed).toBe(0);
    const refused = await run('serve', '--dir', dir, '--socket', socketPath, '--passphrase-file', wrong);
    expect(refused.code).toBe(1);
    expect(refused.printed).toContain('key_locked');
    expect(refused.printed).not.toContain('horse');
    await serve('--passphrase-file', pass);
    expect((await connect().status()).alerts).toEqual([expect.stringMatching(/root has not certified/)]);
    for (const file of ['signer.json', 'journal', 'keys/enrol.key', 'request.json'])
      expect(await readFile(join(dir, file), 'utf8')).not.toContain('horse');
  });

  test('a passphrase typed in a terminal is not echoed; the two must agree', async () => {
    const typed = await atTerminal(['root', 'init', '--dir', dir], {
      'Passphrase: ': 'correct horse batteryX\u007f\r',
      'again: ': 'correct horse battery\r',
    });
    expect(typed).toContain('fingerprint');
    expect(typed).not.toContain('horse');
    const opened = await atTerminal(['root', 'revoke', '--dir', dir, '--node', 'ab'.repeat(32)], {
      'Passphrase: ': 'wrong horse battery\r',
    });
    expect(opened).toContain('[key_locked]');
    expect(opened).not.toContain('horse');
    const stopped = await atTerminal(['root', 'init', '--dir', home], { 'Passphrase: ': '\u0003' });
    expect(stopped).toContain('no passphrase was given');
  });

  test('a changed journal is refused, named with its line', async () => {
    await init();
    const path = join(dir, 'journal');
    const journal = await readFile(path, 'utf8');
    await writeFile(path, journal.replace('hub-1', 'hub-2'));
    const refused = await run('serve', '--dir', dir, '--socket', socketPath);
    expect(refused.code).toBe(1);
    expect(refused.printed).toMatch(/was changed or cut: line \d+ does not follow/);
  });

  test('takes registrations and certificates from an admin while it serves', async () => {
    await init();
    const socket = ['--dir', dir, '--socket', socketPath];
    await serve();
    const client = connect();
    const key = nodeCrypto.signingKey(new Uint8Array(randomBytes(32)));
    const refused = client.instanceCert({ instance: 'hub-2', key });
    await expect(refused).rejects.toMatchObject({ code: 'instance_not_registered' });
    const hex = toHex(key.publicKey);
    const registered = await run(
      'instance',
      'register',
      ...socket,
      '--instance',
      'hub-2',
      '--public-key',
      hex,
    );
    expect(registered.code, registered.printed).toBe(0);
    expect((await client.instanceCert({ instance: 'hub-2', key })).instance.length).toBeGreaterThan(64);
    const certificates = join(home, 'certificates.json');
    const renew = ['--root', join(dir, 'root'), '--region', 'eu', '--days', '500', '--out', certificates];
    expect((await run('region', 'renew', ...renew)).code).toBe(0);
    const installed = await run('region', 'install', ...socket, '--certificates', certificates);
    expect(installed.printed).toContain('installed in the running signer');
    const days = ((await client.status()).certificates[0]!.notAfter - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(500);
  });

  test('serves on a socket that a service manager made for the account of the hub', async () => {
    await init();
    const owner = createServer();
    await new Promise<void>((resolve) => void owner.listen(join(home, 'manager.sock'), resolve));
    await link(join(home, 'manager.sock'), socketPath);
    const descriptor: unknown = Reflect.get(Reflect.get(owner, '_handle') as object, 'fd');
    const daemon = signer(['serve', '--dir', dir, '--listen-fd', '3'], ['ignore', descriptor as number]);
    // A manager only holds the socket; this one would accept on it.
    owner.close();
    await ready(daemon);
    expect((await connect().status()).region).toBe('eu');
    expect(await kill(daemon, 'SIGTERM')).toBe(0);
    // The name is the manager's to take away.
    expect((await stat(socketPath)).isSocket()).toBe(true);
  });
});

describe('the signer as a child of the hub or of npm start', () => {
  test('the ceremony runs in a process of its own, twice with the same result', async () => {
    const first = await init();
    expect(first).toMatchObject({ created: true, region: 'eu' });
    expect(await init()).toEqual({ ...first, created: false });
    expect((await stat(first.places[0]!.path)).mode & 0o777).toBe(0o600);
    const other = initDevelopmentSigner({ dir, region: 'na' });
    await expect(other).rejects.toMatchObject({ code: 'bad_argument' });
  });

  test('starts when it serves, tells when it dies, stops when it is told', async () => {
    await init();
    const exits: string[] = [];
    const started = await startSigner({ dir, socketPath, onExit: (reason) => exits.push(reason) });
    expect((await connect().status()).region).toBe('eu');
    await started.stop();
    await started.stop();
    expect(exits).toEqual([]);
    const died = Promise.withResolvers<string>();
    const again = await startSigner({ dir, socketPath, onExit: died.resolve });
    process.kill(again.pid, 'SIGKILL');
    expect(await died.promise).toContain('SIGKILL');
  });

  test('a start that fails says why in the words of the signer', async () => {
    const attempt = startSigner({ dir, socketPath });
    await expect(attempt).rejects.toMatchObject({ code: 'file_missing' });
    await expect(attempt).rejects.toThrow(/signer region init/);
  });

  test('waits for a holder that is about to go, and no longer than it is told', async () => {
    await init();
    const holder = await serve();
    let now = 0;
    const pauses: number[] = [];
    const pause = async (ms: number, end?: () => Promise<unknown>) => {
      now += ms;
      pauses.push(ms);
      await end?.();
    };
    const other = { dir, socketPath: join(home, 'other.sock') };
    const vain = startSigner({ ...other, patience: { ms: 400, now: () => now, pause } });
    await expect(vain).rejects.toMatchObject({
      code: 'directory_in_use',
      message: expect.stringContaining(`another signer holds ${dir}`),
    });
    expect(pauses).toEqual([200, 200]);
    const goes = (ms: number) => pause(ms, () => kill(holder, 'SIGKILL'));
    const started = await startSigner({ ...other, patience: { ms: 400, now: () => now, pause: goes } });
    expect(pauses).toHaveLength(3);
    await started.stop();
  });

  test('a signer that cannot be run at all is told', async () => {
    const command = [join(home, 'no-such-program')];
    const missing = { code: 'signer_fault', message: expect.stringContaining('no-such-program') };
    await expect(startSigner({ dir, socketPath, command })).rejects.toMatchObject(missing);
    await expect(initDevelopmentSigner({ dir, region: 'eu', command })).rejects.toMatchObject(missing);
  });

  test('two ceremonies at once end in one set of keys that opens', async () => {
    const results = await Promise.allSettled([init(), init()]);
    const made = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value.root);
    expect(made.length).toBeGreaterThanOrEqual(1);
    expect(new Set(made).size).toBe(1);
    await init();
    await serve();
    expect((await connect().status()).instances).toHaveLength(1);
  });

  test('the ceremony leaves a served directory as it is', async () => {
    const { rootFingerprint } = await init();
    await serve();
    expect(await init()).toMatchObject({ created: false, rootFingerprint });
    expect((await connect().status()).rootFingerprint).toBe(rootFingerprint);
  });

  test('does not outlive a parent that was killed with -9', async () => {
    await init();
    const script = `
      import { startSigner } from ${JSON.stringify(import.meta.resolve('@stoa/signer/client'))};
      const { pid } = await startSigner(${JSON.stringify({ dir, socketPath })});
      console.log(pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.add(parent);
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    expect(Number(line)).toBeGreaterThan(1);
    const client = connect();
    await client.status();
    await kill(parent, 'SIGKILL');
    // It takes its socket away as its last act but one, then frees the keys.
    await untilGone(socketPath);
    await serve();
    expect((await client.status()).region).toBe('eu');
  });
});

async function untilGone(path: string): Promise<void> {
  while (
    await stat(path).then(
      () => true,
      () => false,
    )
  )
    await new Promise((resolve) => setImmediate(resolve));
}
