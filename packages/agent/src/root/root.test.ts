import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { type JobMessage, type KindName, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ADMIN,
  CHAINWEB_UNIT,
  type JobWish,
  makeJob,
  makeRootWorld,
  NODE,
  REGION,
  regionTime,
} from '#root/root.fixture.ts';
import { STEPS, type StepName, stepLimit } from '#root/steps.ts';
import { formatFrame, formatOpen, MAX_FRAME_BYTES, ROOT_FRAME, readFrames } from '#root/wire.ts';

const signal = new AbortController().signal;
const RESTART: JobWish = { kind: 'stoachain-control', params: { action: 'restart' } };
const UPDATE: JobWish = { kind: 'apt-upgrade' };
const RESTARTED = [['systemctl', 'restart', '--', CHAINWEB_UNIT]];
const thief = nodeCrypto.signingKey(new Uint8Array(32).fill(7));

const argvOf = (acts: readonly { argv: readonly string[] }[]) => acts.map(({ argv }) => argv);

describe('the privileged unit', () => {
  it('runs what the table says for the step, with what it finds on the host and the job says', async () => {
    const world = await makeRootWorld();
    const job = world.steps(makeJob(RESTART));
    expect(await job.run('node-restart', { signal })).toEqual({ exitCode: 0 });
    expect(argvOf(world.ran)).toEqual(RESTARTED);
    const lines: string[] = [];
    const told = await makeRootWorld(async (act, io) => {
      io.onLine?.(act.stdin ?? '', 'stdout');
      return { exitCode: 3 };
    });
    const end = await told
      .steps(makeJob(RESTART))
      .run('node-site', { signal, onLine: (line) => lines.push(line) });
    expect(end).toEqual({ exitCode: 3 });
    expect(JSON.parse(lines[0]!)).toMatchObject({ supervisor: 'systemd', name: CHAINWEB_UNIT });
  });

  it.each<[string, JobWish, string]>([
    ['nobody signed an order', { ...RESTART, by: 'nobody' }, 'root_bad_order'],
    ['the hub’s signature is another’s', { ...RESTART, hubKey: thief }, 'root_bad_job'],
    ['the order’s signature is another’s', { ...RESTART, orderKey: thief }, 'root_bad_order'],
    ['the order is over', { ...RESTART, expiresAt: 1 }, 'root_bad_order'],
    ['its time to start is over', { ...RESTART, change: { deadline: 1 } }, 'root_bad_job'],
    [
      'the order is for other parameters',
      { ...RESTART, orderedParams: { action: 'start' } },
      'root_bad_order',
    ],
    [
      'the parameters are not the kind’s',
      { ...RESTART, change: { params: '{"action":"rm"}' } },
      'root_bad_job',
    ],
    ['more attempts than were ordered', { ...RESTART, change: { attempt: 4 } }, 'root_bad_order'],
    ['another node', { ...RESTART, change: { nodeId: new Uint8Array(32) } }, 'root_not_pinned'],
    ['a kind that needs no root', { kind: 'system-probe' }, 'root_bad_job'],
    ['a kind that there is not', { ...RESTART, change: { kind: 'shell' } }, 'root_bad_job'],
    ['code ordered by an admin who is not listed', { kind: 'apt-upgrade', by: 'admin' }, 'root_bad_order'],
  ])('runs nothing where %s', async (_what, wish, code) => {
    const world = await makeRootWorld();
    const step: StepName = wish.kind === 'apt-upgrade' ? 'apt-update' : 'node-restart';
    await expect(world.steps(makeJob(wish)).run(step, { signal })).rejects.toMatchObject({ code });
    expect(world.ran).toEqual([]);
  });

  it('takes disruptive work from a certified admin, code only from one whom the host lists', async () => {
    const world = await makeRootWorld();
    await world.steps(makeJob({ ...RESTART, by: 'admin' })).run('node-restart', { signal });
    world.facts.policy = `admin ${toHex(ADMIN.publicKey)}\n`;
    await world.steps(makeJob({ kind: 'apt-upgrade', by: 'admin' })).run('apt-update', { signal });
    expect(world.ran).toHaveLength(2);
  });

  it('obeys the local policy, deny first, and nothing at all under one that can’t be read', async () => {
    const world = await makeRootWorld();
    for (const [policy, code] of [
      ['allow *\ndeny disruptive\n', 'root_denied'],
      ['allow apt-upgrade\n', 'root_denied'],
      ['permit everything\n', 'root_bad_policy'],
    ] as const) {
      world.facts.policy = policy;
      await expect(world.steps(makeJob(RESTART)).run('node-restart', { signal })).rejects.toMatchObject({
        code,
      });
    }
    expect(world.ran).toEqual([]);
  });

  it('F22 obeys no job with an older token, and no second job with the same', async () => {
    const world = await makeRootWorld();
    const old = makeJob(RESTART);
    const next = makeJob(RESTART);
    await world.steps(next).run('node-restart', { signal });
    await expect(world.steps(old).run('node-restart', { signal })).rejects.toMatchObject({
      code: 'root_old_token',
    });
    const twin = makeJob({ ...RESTART, change: { fencingToken: tokenOf(next) } });
    await expect(world.steps(twin).run('node-restart', { signal })).rejects.toMatchObject({
      code: 'root_old_token',
    });
    expect(world.ran).toHaveLength(1);
  });

  it('lets an order serve one job, and a step run a few times', async () => {
    const world = await makeRootWorld();
    const orderId = new Uint8Array(16).fill(5);
    const job = makeJob({ ...RESTART, orderId });
    for (let use = 0; use < 2; use += 1) await world.steps(job).run('node-restart', { signal });
    await expect(world.steps(job).run('node-restart', { signal })).rejects.toMatchObject({
      code: 'root_over',
    });
    const replay = world.steps(makeJob({ ...RESTART, orderId }));
    await expect(replay.run('node-restart', { signal })).rejects.toMatchObject({ code: 'root_order_used' });
    expect(world.ran).toHaveLength(2);
  });

  it('ends a job’s rights with its time, and with the boot', async () => {
    const world = await makeRootWorld();
    const job = world.steps(makeJob(RESTART));
    await job.run('node-restart', { signal });
    world.facts.uptimeMs += 40 * 60_000;
    await expect(job.run('node-restart', { signal })).rejects.toMatchObject({ code: 'root_over' });
    const another = world.steps(makeJob(RESTART));
    await another.run('node-restart', { signal });
    world.facts.bootId = 'boot-2';
    await expect(another.run('node-restart', { signal })).rejects.toMatchObject({ code: 'root_over' });
  });

  it('counts disruptive jobs of admins by the proven day', async () => {
    const world = await makeRootWorld();
    world.facts.policy = 'disruptive-per-day 2\n';
    const once = (by: 'owner' | 'admin') =>
      world.steps(makeJob({ ...RESTART, by })).run('node-restart', { signal });
    await once('admin');
    await once('admin');
    await expect(once('admin')).rejects.toMatchObject({ code: 'root_daily_cap' });
    await expect(once('owner')).resolves.toEqual({ exitCode: 0 });
  });

  it('never goes back behind a time that was proven', async () => {
    const world = await makeRootWorld();
    await ask(world.socketPath, formatOpen(request(makeJob(RESTART), 'node-restart', Date.UTC(2030, 0, 1))));
    const stale = makeJob(RESTART);
    await expect(world.steps(stale).run('node-restart', { signal })).rejects.toMatchObject({
      code: expect.stringMatching(/^root_bad_(job|order)$/),
    });
  });

  it('is for one at a time, and ends a step whose agent hangs up', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
    const world = await makeRootWorld(async (_act, io) => {
      begin();
      await new Promise((resolve) => io.signal.addEventListener('abort', resolve));
      end(io.signal.reason);
      return { exitCode: 143 };
    });
    const stop = new AbortController();
    const first = world.steps(makeJob(UPDATE)).run('apt-update', { signal: stop.signal });
    await begun;
    const second = world.steps(makeJob(UPDATE)).run('apt-update', { signal });
    await expect(second).rejects.toMatchObject({ code: 'root_busy', retry: true });
    stop.abort(new Error('cancelled'));
    await expect(first).rejects.toThrow('cancelled');
    expect(await ended).toMatchObject({ message: 'the agent hung up' });
  });

  it('lets what puts things back run to its end, and start a stopped node after a boot', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<AbortSignal>();
    const { promise: go, resolve: proceed } = Promise.withResolvers<void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<boolean>();
    const world = await makeRootWorld(async (act, io) => {
      if (act.argv[1] !== 'start') return { exitCode: 0 };
      begin(io.signal);
      await go;
      end(io.signal.aborted);
      return { exitCode: 0 };
    });
    const job = world.steps(makeJob({ kind: 'benchmark-node' }));
    await job.run('node-stop', { signal });
    world.facts.bootId = 'boot-2';
    await expect(job.run('node-stop', { signal })).rejects.toMatchObject({ code: 'root_over' });
    const stop = new AbortController();
    const start = job.run('node-start', { signal: stop.signal });
    await begun;
    stop.abort(new Error('the agent ends'));
    await expect(start).rejects.toThrow('the agent ends');
    proceed();
    expect(await ended).toBe(false);
  });
});

describe('an agent that was taken over', () => {
  const allArgv = new Set(RESTARTED.map((argv) => argv.join(' ')));

  it('gets nothing run by arbitrary bytes', async () => {
    const world = await makeRootWorld();
    const frame = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 300 }));
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 600 }),
        fc.array(frame, { maxLength: 3 }),
        async (raw, frames) => {
          await ask(world.socketPath, raw);
          await ask(
            world.socketPath,
            Buffer.concat(frames.map(([type, payload]) => formatFrame(type as never, payload))),
          );
        },
      ),
      { numRuns: 60 },
    );
    const endless = Buffer.alloc(9, 0xff);
    endless.writeUInt32BE(MAX_FRAME_BYTES + 1);
    await ask(world.socketPath, endless);
    expect(world.ran).toEqual([]);
  });

  it('gets nothing else run by a true request with bytes changed, cut or added', async () => {
    const world = await makeRootWorld();
    const whole = formatOpen(request(makeJob(RESTART), 'node-restart'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.nat(whole.length),
        async (flips, cut) => {
          const changed = Uint8Array.from(whole);
          for (const [at, mask] of flips) changed[at]! ^= mask;
          await ask(world.socketPath, changed);
          await ask(world.socketPath, whole.subarray(0, cut === whole.length ? cut - 1 : cut));
        },
      ),
      { numRuns: 150 },
    );
    // Only the signed time is of no account to what runs: a request that is whole but for it is a true one.
    for (const argv of argvOf(world.ran)) expect(allArgv).toContain(argv.join(' '));
  });

  it('gets no step of another kind, no argument of its own, no file of its own choice', async () => {
    const world = await makeRootWorld(undefined, [
      '--database-directory',
      '/srv/chain/db',
      '--backup-directory',
      '/srv/chain/backups',
    ]);
    for (const step of Object.keys(STEPS) as StepName[]) {
      if (stepLimit('stoachain-control', step, { action: 'restart' }) !== undefined) continue;
      await expect(world.steps(makeJob(RESTART)).run(step, { signal })).rejects.toMatchObject({
        code: 'root_no_step',
      });
    }
    const bad = [
      {},
      { snapshot: '../../etc' },
      { snapshot: '1700000000000; id' },
      { snapshot: 17 },
      { snapshot: ['1'] },
    ];
    for (const args of bad) {
      const job = world.steps(makeJob({ kind: 'backup-stoachain' }));
      await expect(job.run('snapshot-read', { signal, args })).rejects.toMatchObject({
        code: 'root_bad_args',
      });
    }
    const some = { kind: 'apt-upgrade', params: { securityOnly: true } } as const;
    for (const packages of [['-o=APT::Update::Pre-Invoke::=id'], ['./evil.deb'], ['a b'], [], 'openssl'])
      await expect(
        world.steps(makeJob(some)).run('apt-upgrade-some', { signal, args: { packages } }),
      ).rejects.toMatchObject({ code: 'root_bad_args' });
    expect(world.ran).toEqual([]);
  });

  it('puts no data in place that has not the hash of the order', async () => {
    const archive = new TextEncoder().encode('an archive');
    const sha256 = createHash('sha256').update(archive).digest('hex');
    const kind: KindName = 'stoachain-reseed';
    const read = async (act: { input?: boolean }, io: { stdin?: AsyncIterable<Uint8Array> }) => {
      if (act.input) for await (const _chunk of io.stdin ?? []);
      return { exitCode: 0 };
    };
    const world = await makeRootWorld(read, ['--database-directory', '/srv/chain/db']);
    const send = (...parts: Uint8Array[]) =>
      (async function* () {
        yield* parts;
      })();
    const wish = { kind, params: { url: 'https://example.org/seed', sha256 } };
    const job = world.steps(makeJob(wish));
    await expect(job.run('database-swap', { signal })).rejects.toMatchObject({ code: 'root_unproven_data' });
    for (const forged of [send(new Uint8Array(3)), send(archive, archive), send()])
      await expect(
        world.steps(makeJob(wish)).run('database-unpack', { signal, input: forged }),
      ).rejects.toMatchObject({ code: 'root_unproven_data' });
    const honest = world.steps(makeJob(wish));
    await honest.run('database-unpack', { signal, input: send(archive) });
    await honest.run('database-swap', { signal });
    expect(argvOf(world.ran).at(-1)).toEqual([
      'mv',
      '--no-target-directory',
      '--',
      '/srv/chain/db.incoming',
      '/srv/chain/db',
    ]);
    // What one job has proven is nothing to the next.
    await expect(world.steps(makeJob(wish)).run('database-swap', { signal })).rejects.toMatchObject({
      code: 'root_unproven_data',
    });
  });

  it('can’t name a root, a region or an owner of its own', async () => {
    const world = await makeRootWorld();
    const message = makeJob(RESTART);
    const own = { ...message, hub: { ...message.hub, root: thief.publicKey } };
    await expect(world.steps(own).run('node-restart', { signal })).rejects.toMatchObject({
      code: 'root_bad_job',
    });
    const foreign = { ...message, hub: { ...message.hub, region: REGION.cert('enrol') } };
    await expect(world.steps(foreign).run('node-restart', { signal })).rejects.toMatchObject({
      code: 'root_bad_job',
    });
    world.facts.trust = {
      ...world.facts.trust,
      nodes: [
        {
          nodeId: toHex(NODE),
          ownerKey: undefined,
          servicePort: '1848',
          p2pPort: '1789',
          instance: 'default',
        },
      ],
    };
    await expect(world.steps(message).run('node-restart', { signal })).rejects.toMatchObject({
      code: 'root_bad_order',
    });
    expect(world.ran).toEqual([]);
  });
});

function request(message: JobMessage, step: StepName, at?: number) {
  return { message, time: regionTime(at), ownerKeyChanges: [], step, args: '{}' };
}

/** A job's body has its token behind node, job, kind and attempt; all tokens of the fixture are small. */
function tokenOf({ sealed }: JobMessage): number {
  const kindLength = sealed[2 + 32 + 16]!;
  const at = 2 + 32 + 16 + 1 + kindLength + 2;
  return Number(new DataView(sealed.buffer, sealed.byteOffset).getBigUint64(at));
}

/** Sends bytes and hangs up its half; resolves with the types of the answers once the unit has hung up. */
async function ask(path: string, bytes: Uint8Array): Promise<number[]> {
  const socket = connect(path);
  socket.on('error', () => socket.destroy());
  socket.end(bytes);
  const types: number[] = [];
  for await (const { type } of readFrames(socket as AsyncIterable<Uint8Array>)) types.push(type);
  expect(types.every((type) => type >= ROOT_FRAME.line)).toBe(true);
  return types;
}
