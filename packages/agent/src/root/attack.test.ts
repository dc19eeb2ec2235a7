/** What an agent that was taken over tries with the rights of its user on the host, not with requests alone. */
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '#clock.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { directActs } from '#root/act-runner.ts';
import { readAgentUser } from '#root/agent-user.ts';
import { AGENT_UID, CHAINWEB_UNIT, makeJob, makeRootWorld } from '#root/root.fixture.ts';
import { VirtualClock } from '#virtual-clock.ts';
import { createCommands } from '#work/commands.ts';

const signal = new AbortController().signal;
const ARGV = ['chainweb-node', '--service-port', '1848', '--p2p-hostname', 'node.example.org'];

describe('a process that calls itself chainweb-node', () => {
  const system = `0::/system.slice/${CHAINWEB_UNIT}\n`;
  it.each([
    ['runs as the agent’s user', { uid: AGENT_UID, cgroup: system }, 'own user'],
    ['runs in the agent’s unit', { cgroup: '0::/system.slice/stoa-agent.service\n' }, 'stoa-agent.service'],
    ['runs in another agent’s unit', { cgroup: '0::/stoa-agent@two.service\n' }, 'stoa-agent@two'],
    ['runs in a step', { cgroup: '0::/system.slice/stoa-step-1.service\n' }, 'stoa-step-1'],
    [
      'runs under a user’s manager',
      { cgroup: `0::/user.slice/user-9.slice/user@9.service/app.slice/${CHAINWEB_UNIT}\n` },
      'user@9.service',
    ],
    [
      'bears a container’s name under a user’s manager',
      { cgroup: `0::/user.slice/user@9.service/docker-${'a'.repeat(64)}.scope\n` },
      'user@9.service',
    ],
  ])('is none where it %s', async (_what, process, why) => {
    const world = await makeRootWorld();
    world.proc.addProcess(4242, { comm: 'chainweb-node', argv: ARGV, ...process });
    const job = world.steps(makeJob({ kind: 'stoachain-cert-rotate' }));
    await expect(job.run('certificate-make', { signal })).rejects.toMatchObject({
      code: 'root_no_node',
      message: expect.stringContaining(why),
    });
    expect(world.ran).toEqual([]);
  });

  it('is none where its unit has another main process, as cron has, but may be started by that', async () => {
    const world = await makeRootWorld();
    world.proc.remove('4242');
    const process = { comm: 'chainweb-node', argv: ARGV, cgroup: '0::/system.slice/cron.service\n' };
    const restart = () =>
      world
        .steps(makeJob({ kind: 'stoachain-control', params: { action: 'restart' } }))
        .run('node-restart', { signal });
    world.proc.addProcess(5000, { ...process, parent: 4999 });
    await expect(restart()).rejects.toMatchObject({
      message: expect.stringContaining('not the main process'),
    });
    world.proc.addProcess(5000, { ...process, parent: 4242 });
    await expect(restart()).resolves.toEqual({ exitCode: 0 });
  });

  it('is held against the owner of the socket and the groups of that user', async () => {
    const disk = new MemoryDisk();
    await expect(readAgentUser(disk, { socket: '/run/s' })).rejects.toMatchObject({
      code: 'root_not_pinned',
    });
    const own = { socket: tmpdir(), passwd: '/passwd', group: '/group' };
    await disk.writeAtomic('/passwd', 'root:x:0:0::/:/bin/sh\nstoa:x:990:980::/:/bin/false\n');
    await disk.writeAtomic('/group', 'adm:x:4:syslog,stoa\nstoa:x:980:\ndocker:x:5:estoas\n');
    const owned = { readFile: (path: string) => disk.readFile(path), stat: async () => ({ uid: 990 }) };
    const user = await readAgentUser(owned as unknown as MemoryDisk, own);
    expect([user.uid, [...user.gids].sort()]).toEqual([990, [4, 980]]);
  });
});

describe.skipIf(process.getuid?.() !== 0)('paths that the agent’s user could exchange', () => {
  function place() {
    const root = mkdtempSync(join(tmpdir(), 'stoa-paths-'));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    const directory = (name: string, { uid = 0, gid = 0, mode = 0o755 } = {}) => {
      const path = join(root, name);
      mkdirSync(path, { recursive: true, mode });
      chownSync(path, uid, gid);
      return path;
    };
    return { root, directory };
  }
  const discard = async (database: string) => {
    const world = await makeRootWorld(undefined, ['--database-directory', database]);
    const sha256 = 'ab'.repeat(32);
    const job = world.steps(
      makeJob({ kind: 'stoachain-reseed', params: { url: 'https://e.org/s', sha256 } }),
    );
    return job.run('database-discard', { signal }).then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
  };

  it('are none where root and the node alone may write', async () => {
    const { root, directory } = place();
    directory('node', { uid: AGENT_UID + 1 });
    expect(await discard(join(root, 'node/db'))).toBe('done');
    directory('real/db');
    symlinkSync('real', join(root, 'link'));
    expect(await discard(join(root, 'link/db'))).toBe('done');
  });

  it('stop every step that would touch them', async () => {
    const { root, directory } = place();
    directory('theirs', { uid: AGENT_UID });
    directory('theirs/deep/er');
    directory('group', { gid: AGENT_UID, mode: 0o775 });
    mkdirSync(join(root, 'open'));
    const open = directory('open');
    const { chmodSync } = await import('node:fs');
    chmodSync(open, 0o777);
    chmodSync(join(root, 'group'), 0o775);
    directory('sticky');
    chmodSync(join(root, 'sticky'), 0o1777);
    directory('real/db');
    symlinkSync(join(root, 'theirs/link'), join(root, 'by-two-links'));
    symlinkSync(join(root, 'real'), join(root, 'theirs/link'));
    symlinkSync('open/../real', join(root, 'crooked'));
    for (const database of [
      'theirs/db',
      'theirs/deep/er/db',
      'group/db',
      'open/db',
      'sticky/db',
      'by-two-links/db',
      'crooked/db',
    ])
      expect([database, await discard(join(root, database))]).toEqual([database, 'root_no_node']);
  });

  it('lead no certificate elsewhere: it is made where root alone is, and no link is followed', async () => {
    const { root, directory } = place();
    const node = directory('node', { uid: AGENT_UID + 1 });
    const victim = join(root, 'victim');
    writeFileSync(victim, 'precious', { mode: 0o600 });
    const [certificate, key] = [join(node, 'cert.pem'), join(node, 'key.pem')];
    for (const path of [certificate, key]) {
      writeFileSync(path, 'former');
      chownSync(path, AGENT_UID + 1, AGENT_UID + 1);
      for (const beside of ['new', 'before']) symlinkSync(victim, `${path}.${beside}`);
    }
    const options = ['--p2p-certificate-chain-file', certificate, '--p2p-certificate-key-file', key];
    const acts = directActs(createCommands(createClock()));
    const world = await makeRootWorld(async (act, io) => {
      if (act.argv[0] === 'systemctl') return { exitCode: 0 };
      // As the step does it, but for the minutes that such a key can take on a busy machine.
      const [program, ...words] = act.argv;
      const quick = words.map((word) => (word === 'rsa:4096' ? 'rsa:2048' : word));
      return acts({ ...act, argv: [program, ...quick] }, io);
    }, options);
    const job = world.steps(makeJob({ kind: 'stoachain-cert-rotate' }));
    await expect(job.run('certificate-place', { signal })).rejects.toMatchObject({ code: 'root_bad_args' });
    expect(await job.run('certificate-make', { signal })).toEqual({ exitCode: 0 });
    expect(readFileSync(certificate, 'utf8')).toBe('former');
    expect(await job.run('certificate-place', { signal })).toEqual({ exitCode: 0 });
    expect(readFileSync(certificate, 'utf8')).toContain('BEGIN CERTIFICATE');
    expect(readFileSync(key, 'utf8')).toContain('PRIVATE KEY');
    expect(readFileSync(`${key}.before`, 'utf8')).toBe('former');
    // As a cut between the two exchanges leaves it: both halves are put back, and once more by who comes again.
    writeFileSync(key, 'former');
    for (let time = 0; time < 2; time += 1) {
      expect(await job.run('certificate-back', { signal })).toEqual({ exitCode: 0 });
      expect([certificate, key].map((path) => readFileSync(path, 'utf8'))).toEqual(['former', 'former']);
    }
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(await job.run('certificate-forget', { signal })).toEqual({ exitCode: 0 });
  });
});

describe('an archive', () => {
  const archive = new TextEncoder().encode('an archive');
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const wish = { kind: 'stoachain-reseed', params: { url: 'https://example.org/seed', sha256 } } as const;
  const argv = ['--database-directory', '/srv/chain/db'];
  const reading = async (act: { input?: boolean }, io: { stdin?: AsyncIterable<Uint8Array> }) => {
    if (act.input) for await (const _chunk of io.stdin ?? []);
    return { exitCode: 0 };
  };
  async function* of(...parts: Uint8Array[]) {
    yield* parts;
  }

  it('that was proven proves nothing of one that is unpacked after it, nor of one that was discarded', async () => {
    const world = await makeRootWorld(reading, argv);
    const job = world.steps(makeJob(wish));
    const swap = () => job.run('database-swap', { signal });
    await job.run('database-unpack', { signal, input: of(archive) });
    const forged = job.run('database-unpack', { signal, input: of(new Uint8Array(3)) });
    await expect(forged).rejects.toMatchObject({ code: 'root_unproven_data' });
    await expect(swap()).rejects.toMatchObject({ code: 'root_unproven_data' });
    await job.run('database-unpack', { signal, input: of(archive) });
    await job.run('database-discard', { signal });
    await expect(swap()).rejects.toMatchObject({ code: 'root_unproven_data' });
    expect(world.ran.map(({ argv: [program] }) => program)).not.toContain('mv');
  });

  it('that stalls holds the unit for a quarter of an hour, not for ever', async () => {
    const clock = new VirtualClock();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const world = await makeRootWorld(
      async (act, io) => {
        if (act.input) begin();
        return reading(act, io);
      },
      argv,
      clock,
    );
    const { promise: never } = Promise.withResolvers<Uint8Array>();
    const stalled = async function* () {
      yield archive.subarray(0, 3);
      yield await never;
    };
    const unpacked = world.steps(makeJob(wish)).run('database-unpack', { signal, input: stalled() });
    const refused = expect(unpacked).rejects.toMatchObject({
      code: 'root_unproven_data',
      message: expect.stringContaining('stalled'),
    });
    await begun;
    await clock.advance(5_000);
    while (clock.pending > 0) await clock.advance(60_000);
    await refused;
    await expect(
      world.steps(makeJob(wish)).run('database-unpack', { signal, input: of(archive) }),
    ).resolves.toEqual({ exitCode: 0 });
  });
});
