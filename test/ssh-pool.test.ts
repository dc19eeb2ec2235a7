/** The pool against real OpenSSH servers, each on a machine of its own. */
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '@stoa/hub';
import { AllowedAddresses, EgressResolver } from '@stoa/hub/egress';
import {
  type HostKey,
  makeKeyPair,
  PATIENCE,
  RoutineSweep,
  Ssh2Pool,
  type SshError,
  type SshLogin,
  type SshTarget,
  type SshUse,
} from '@stoa/hub/seams/ssh-pool/index';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BareHost, canHost, startBareHost } from './kit/bare-host.ts';
import { until } from './kit/until.ts';

const USE: SshUse = { actor: 'a@x.example', reason: 'test', subject: 'host' };
const SHORT = { resolve: 700, connect: 700, handshake: 700, login: 700, channel: 700 };
const run = { timeoutMs: 10_000 };

describe.skipIf(!canHost)('SshPool on OpenSSH', { timeout: 120_000 }, () => {
  let host: BareHost;
  let now: number;
  let pool: Ssh2Pool;
  let used: SshUse[];
  const pins = new Map<string, string>();
  const key = makeKeyPair('test');
  const login: SshLogin = { kind: 'key', privateKey: key.privateKey };
  const target = (port = 22, at = host.address): SshTarget => ({ host: at, port, user: host.user });
  const newPool = (more: Partial<ConstructorParameters<typeof Ssh2Pool>[0]> = {}) =>
    new Ssh2Pool({
      resolver: new EgressResolver({ allowed: new AllowedAddresses(['10.0.0.0/8', '127.0.0.0/8']) }),
      clock: { now: () => now, after: systemClock.after },
      hostKeys: {
        pinned: async (place) => pins.get(place),
        pin: async (place, { fingerprint }: HostKey) => {
          if (!pins.has(place)) pins.set(place, fingerprint);
          return pins.get(place)!;
        },
      },
      record: async (use) => {
        used.push(use);
      },
      patience: SHORT,
      dialsAMinute: 1_000,
      ...more,
    });
  const say = (text: string, with_: SshLogin = login) =>
    pool.use(target(), { login: with_, use: USE }, (session) => session.run(text, run));

  beforeAll(async () => {
    host = await startBareHost();
    await host.exec(
      `install -d -m 700 -o op -g op /home/op/.ssh && echo '${key.publicLine}' > /home/op/.ssh/authorized_keys && chown op: /home/op/.ssh/authorized_keys`,
    );
  });
  afterAll(() => host.close());
  beforeEach(() => {
    now = 1_700_000_000_000;
    used = [];
    pins.clear();
    pool = newPool();
  });
  afterEach(() => pool.close());

  it('runs a command and tells its output, lines, exit code, and that it was used', async () => {
    const lines: string[] = [];
    const output = await pool.use(target(), { login, use: USE }, (session) =>
      session.run('head -c 3; echo ü >&2; exit 3', {
        ...run,
        stdin: 'a\nb',
        onLine: (line) => lines.push(line),
      }),
    );
    expect(output).toEqual({ exitCode: 3, stdout: 'a\nb', stderr: 'ü\n' });
    expect(lines.sort()).toEqual(['a', 'b', 'ü']);
    expect(used).toEqual([USE]);
    expect(pins.get(`${host.address}:22`)).toMatch(/^SHA256:/);
  });

  it('connects nothing where its use cannot be recorded', async () => {
    await using silent = newPool({ record: () => Promise.reject(new Error('no audit log')) });
    await expect(silent.use(target(), { login, use: USE }, async () => 1)).rejects.toThrow('no audit log');
    expect(silent.size).toBe(0);
  });

  it('shares one connection while it is young, and closes it when idle or old', async () => {
    const connection = async () => (await say('echo $SSH_CONNECTION')).stdout;
    const first = await connection();
    const many = await Promise.all([connection(), connection(), connection(), connection()]);
    expect(new Set(many)).toEqual(new Set([first]));
    now += 4 * 60_000;
    pool.reap();
    expect(await connection()).toBe(first);
    now += 5 * 60_000;
    pool.reap();
    expect(pool.size).toBe(0);
    const second = await connection();
    expect(second).not.toBe(first);
    for (let minute = 0; minute < 60; minute += 4) {
      now += 4 * 60_000;
      pool.reap();
      if (minute < 52) expect(await connection()).toBe(second);
    }
    expect(await connection()).not.toBe(second);
  });

  it('opens a new connection after the server dropped the old one', async () => {
    await say('true');
    await host.exec('pkill -9 -u op sshd; true');
    await until('the broken connection is forgotten', () => pool.size === 0);
    expect((await say('echo again')).stdout).toBe('again\n');
  });

  it('sends no password to a host whose key nobody accepted, and then to that one only', async () => {
    const password: SshLogin = { kind: 'password', password: host.password };
    const failed = await say('true', password).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'ssh_host_key_unknown', retry: false, phase: 'handshake' });
    const shown = await pool.hostKey(target(), USE);
    expect(shown.type).toBe('ssh-ed25519');
    expect(await host.exec('ssh-keygen -l -f /etc/stoa-ssh-host.pub')).toContain(shown.fingerprint);
    pins.set(`${host.address}:22`, shown.fingerprint);
    expect((await say('id -un', password)).stdout).toBe('op\n');
    expect(pool.size).toBe(0);
    pins.set(`${host.address}:22`, 'SHA256:other');
    const changed = await say('true', password).catch((error: unknown) => error);
    expect(changed).toMatchObject({ code: 'ssh_host_key_changed', retry: false });
    expect(String(changed)).toContain(shown.fingerprint);
    expect(await host.exec('ps ax')).not.toContain('sshd: op');
  });

  it('names a wrong password, and does not repeat it', async () => {
    pins.set(`${host.address}:22`, (await pool.hostKey(target(), USE)).fingerprint);
    const failed = await say('true', { kind: 'password', password: 'hunter2' }).catch((e: unknown) => e);
    expect(failed).toMatchObject({ code: 'ssh_login_refused', retry: false, phase: 'login' });
    expect(String(failed)).not.toContain('hunter2');
  });

  it('refuses a host key that changed', async () => {
    await say('true');
    await pool.close();
    pool = newPool();
    await host.exec(
      'rm /etc/stoa-ssh-host*; ssh-keygen -q -t ed25519 -N "" -f /etc/stoa-ssh-host; pkill -HUP -o sshd',
    );
    await expect
      .poll(() => say('true').catch((error: SshError) => error.code), { timeout: 60_000 })
      .toBe('ssh_host_key_changed');
  });

  it('refuses weak algorithms', async () => {
    await host.exec(
      "sed 's/^Port 22/Port 2222\\nKexAlgorithms diffie-hellman-group14-sha1/' /etc/stoa-sshd.conf > /etc/weak.conf; /usr/sbin/sshd -f /etc/weak.conf",
    );
    const failed = pool.use(target(2222), { login, use: USE }, (session) => session.run('true', run));
    await expect(failed).rejects.toMatchObject({ code: 'ssh_algorithms', retry: false, phase: 'handshake' });
  });

  it('connects to nothing that is not on the public internet, unless the settings name it', async () => {
    await using strict = newPool({ resolver: new EgressResolver({ allowed: new AllowedAddresses([]) }) });
    for (const at of [host.address, '127.0.0.1', 'localhost', '::1']) {
      const failed = strict.use(target(22, at), { login, use: USE }, async () => 1);
      await expect(failed).rejects.toMatchObject({ code: 'egress_refused', retry: false });
    }
  });

  it('gives up a host that swallows packets, or refuses them, in the phase connect', async () => {
    await host.exec(
      'nft add table inet t && nft add chain inet t i "{ type filter hook input priority 0; }" && nft add rule inet t i tcp dport 23 drop',
    );
    const at = (port: number) =>
      pool.use(target(port), { login, use: USE }, async () => 1).catch((error: unknown) => error);
    expect(await at(23)).toMatchObject({ code: 'ssh_timeout', retry: true, phase: 'connect' });
    expect(await at(24)).toMatchObject({ code: 'ssh_unreachable', retry: true, phase: 'connect' });
  });

  it('gives up a server that falls silent at any byte, and names the phase', async () => {
    const phases: string[] = [];
    const tail = await stalling(host.address);
    pins.set(`127.0.0.1:${tail.port}`, '');
    try {
      for (let bytes = 0; !phases.includes('done') && bytes < 20_000; bytes += bytes < 1_200 ? 300 : 80) {
        tail.after(bytes);
        pins.delete(`127.0.0.1:${tail.port}`);
        await using fresh = newPool();
        const ended = await fresh
          .use(target(tail.port, '127.0.0.1'), { login, use: USE }, (session) =>
            session.run('echo x', { timeoutMs: 700 }),
          )
          .then(
            () => 'done',
            (error: SshError) => {
              expect(error).toMatchObject({ code: 'ssh_timeout', retry: true });
              return error.phase;
            },
          );
        phases.push(ended);
      }
    } finally {
      tail.server.close();
    }
    expect([...new Set(phases)]).toEqual(['handshake', 'login', 'channel', 'command', 'done']);
  });

  it('ends a command that takes too long, and one that is cancelled, by TERM', async () => {
    const late = pool.use(target(), { login, use: USE }, (session) =>
      session.run('sleep 100', { timeoutMs: 300 }),
    );
    await expect(late).rejects.toMatchObject({ code: 'ssh_timeout', phase: 'command' });
    expect(pool.size).toBe(0);
    const stop = new AbortController();
    const cancelled = pool.use(target(), { login, use: USE }, (session) =>
      session.run('echo on; exec sleep 100', {
        ...{ timeoutMs: 60_000, signal: stop.signal, onLine: () => stop.abort() },
      }),
    );
    await expect(cancelled).rejects.toMatchObject({ code: 'ssh_cancelled', retry: false });
    await until('the commands are gone', async () => !(await host.exec('ps ax')).includes('sleep 100'));
  });

  it('settles at whatever moment it is cancelled, and leaves nothing running', async () => {
    await say('true');
    for (let turns = 0; turns < 40; turns += 4) {
      const stop = new AbortController();
      const early = pool.use(target(), { login, use: USE, signal: stop.signal }, async () => 1);
      const asked = pool.use(target(), { login, use: USE }, async (session) => {
        const running = session.run('exec sleep 101', { timeoutMs: 60_000, signal: stop.signal });
        running.catch(() => undefined);
        for (let turn = 0; turn < turns ** 2; turn += 1) await nextTurn();
        stop.abort();
        return await running;
      });
      await expect(asked).rejects.toMatchObject({ code: 'ssh_cancelled' });
      expect(await early).toBe(1);
    }
    await until('the commands are gone', async () => !(await host.exec('ps ax')).includes('sleep 101'));
  });

  it('gives a channel to who waited longest, and to nobody who left', async () => {
    const [stop, ran] = [new AbortController(), [] as string[]];
    await pool.use(target(), { login, use: USE }, async (session) => {
      const line = (text: string) => ({ ...run, stdin: '', onLine: () => ran.push(text) });
      const four = [1, 2, 3, 4].map((n) => session.run('echo on; sleep 0.5', line(`${n}`)));
      const left = session.run('echo left', { ...line('left'), signal: stop.signal });
      left.catch(() => undefined);
      const [fifth, sixth] = ['5', '6'].map((text) => session.run('echo on', line(text)));
      await nextTurn();
      stop.abort();
      await expect(left).rejects.toMatchObject({ code: 'ssh_cancelled' });
      expect(ran).not.toContain('5');
      await Promise.all([...four, fifth, sixth]);
      expect((await session.run('echo on', line('7'))).stdout).toBe('on\n');
    });
    expect(ran.slice(0, 4).sort()).toEqual(['1', '2', '3', '4']);
    expect([ran.slice(4, 6).sort(), ran.slice(6)]).toEqual([['5', '6'], ['7']]);
  });

  it('waits for no connection that nobody wants any more', async () => {
    const tail = await stalling(host.address);
    const patient = newPool({ patience: PATIENCE });
    const stop = new AbortController();
    const by = { login, use: USE, signal: stop.signal };
    const asked = patient.use(target(tail.port, '127.0.0.1'), by, async () => 1);
    asked.catch(() => undefined);
    await once(tail.server, 'connection');
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: 'ssh_cancelled' });
    await patient.close();
    tail.server.close();
  });

  it('closes while a host is silent, without waiting for it', async () => {
    const tail = await stalling(host.address);
    const patient = newPool({ patience: PATIENCE });
    const asked = patient.use(target(tail.port, '127.0.0.1'), { login, use: USE }, async () => 1);
    asked.catch(() => undefined);
    await once(tail.server, 'connection');
    await patient.close();
    await expect(asked).rejects.toMatchObject({ code: 'ssh_cancelled' });
    tail.server.close();
  });

  it('keeps 64 KiB of what a command floods, and goes on', async () => {
    const output = await say('yes | head -c 3000000');
    expect(output).toMatchObject({ exitCode: 0 });
    expect(output.stdout).toHaveLength(64 * 1024);
  });

  it('tells of a full disk by the exit code, and the connection stays good', async () => {
    await host.exec('mkdir -p /full && mount -t tmpfs -o size=64k tmpfs /full && chmod 777 /full');
    const output = await say('head -c 100000 /dev/zero > /full/x');
    expect(output.exitCode).not.toBe(0);
    expect(output.stderr).toMatch(/No space left/);
    expect((await say('echo on')).stdout).toBe('on\n');
  });

  it('dials one place so often a minute at most', async () => {
    await using slow = newPool({ dialsAMinute: 2 });
    const fresh = () =>
      slow.use(target(), { login, use: USE, fresh: true }, (session) => session.run('true', run));
    await fresh();
    await fresh();
    await expect(fresh()).rejects.toMatchObject({ code: 'ssh_busy', retry: true });
  });

  it('sweeps eight nodes at once, and leaves out a sweep while one is under way (§16.4)', async () => {
    const sweep = new RoutineSweep();
    let [atOnce, most, done] = [0, 0, 0];
    const probe = async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      const { stdout } = await say('echo 1');
      done += Number(stdout);
      atOnce -= 1;
    };
    const first = sweep.over(Array.from({ length: 40 }), probe);
    expect(await sweep.over([1], probe)).toBe(false);
    expect(await first).toBe(true);
    expect({ most, done, open: pool.size }).toEqual({ most: 8, done: 40, open: 1 });
    expect(await sweep.over([1], probe)).toBe(true);
  });
});

/** A way to port 22 of a host that passes so many bytes of the server's, and then nothing more in either direction. */
async function stalling(
  to: string,
): Promise<{ port: number; server: Server; after: (bytes: number) => void }> {
  let left = 0;
  const server = createServer((client) => {
    let passes = left;
    const upstream = connect(22, to);
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    client.on('data', (chunk) => passes > 0 && upstream.write(chunk));
    upstream.on('data', (chunk: Buffer) => {
      const part = chunk.subarray(0, passes);
      passes -= part.length;
      client.write(part);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => passes > 0 && client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    server,
    after: (bytes) => {
      left = bytes;
    },
  };
}
