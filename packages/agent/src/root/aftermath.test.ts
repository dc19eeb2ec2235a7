/** A job that was cut off is put back, whatever has become of its order, its agent and its time. */
import { toHex } from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import { createRootClient } from '#root/client.ts';
import { CHAINWEB_UNIT, type JobWish, makeJob, makeRootWorld, NODE, REGION } from '#root/root.fixture.ts';

const signal = new AbortController().signal;
const DB = ['--database-directory', '/srv/chain/db'];
const RESEED: JobWish = {
  kind: 'stoachain-reseed',
  params: { url: 'https://example.org/seed', sha256: 'ab'.repeat(32) },
};
const UPGRADE: JobWish = {
  kind: 'stoachain-upgrade',
  params: { url: 'https://example.org/c.tgz', sha256: 'cd'.repeat(32), gateMinutes: 15 },
};
const argvOf = (acts: readonly { argv: readonly string[] }[]) => acts.map(({ argv }) => argv.join(' '));

describe('what puts back', () => {
  it('is obeyed after order, certificates, policy and the owner’s key have ended; nothing else is', async () => {
    const world = await makeRootWorld(undefined, DB);
    const message = makeJob({ ...RESEED, expiresAt: Date.UTC(2026, 11, 1) });
    const late = createRootClient({
      socketPath: world.socketPath,
      time: () => REGION.time(Date.UTC(2026, 11, 2)),
      ownerKeyChanges: async () => [],
    });
    await world.steps(message).run('node-stop', { signal });
    await expect(late(message).run('node-stop', { signal })).rejects.toMatchObject({
      code: 'root_bad_order',
    });
    world.facts.policy = 'deny stoachain-reseed\n';
    const [node] = world.facts.trust.nodes;
    world.facts.trust = { ...world.facts.trust, nodes: [{ ...node!, ownerKey: undefined }] };
    for (const step of ['database-discard', 'database-back', 'node-start'] as const)
      await expect(late(message).run(step, { signal })).resolves.toEqual({ exitCode: 0 });
    for (const step of ['node-stop', 'node-restart', 'database-swap'] as const)
      await expect(late(message).run(step, { signal })).rejects.toMatchObject({ code: 'root_denied' });
    // A job that was never admitted has nothing to put back.
    await expect(late(makeJob(RESEED)).run('node-start', { signal })).rejects.toMatchObject({
      code: 'root_denied',
    });
    expect(toHex(NODE)).toBe(node!.nodeId);
  });

  it('removes what is left of a seed that took longer than its order', async () => {
    const world = await makeRootWorld(undefined, DB);
    const promote = { kind: 'seed-promote', params: { from: 'disk', sha256: 'ab'.repeat(32) } } as const;
    const message = makeJob({ ...promote, expiresAt: Date.UTC(2026, 11, 1) });
    const late = createRootClient({
      socketPath: world.socketPath,
      time: () => REGION.time(Date.UTC(2026, 11, 2)),
      ownerKeyChanges: async () => [],
    });
    await world.steps(message).run('seed-discard', { signal });
    await expect(late(message).run('seed-discard', { signal })).resolves.toEqual({ exitCode: 0 });
    expect(argvOf(world.ran).at(-1)).toMatch(/seed\.tar\.zst\.new$/);
  });

  it('waits for a step that runs to its end, and is not refused for it', async () => {
    const order: string[] = [];
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: go, resolve: proceed } = Promise.withResolvers<void>();
    const world = await makeRootWorld(async (act, io) => {
      order.push(`${act.argv[1]} begins`);
      if (act.argv[1] === 'stop') {
        begin();
        await go;
      }
      order.push(`${act.argv[1]} ends${io.signal.aborted ? ' cut' : ''}`);
      return { exitCode: 0 };
    });
    const job = world.steps(makeJob({ kind: 'benchmark-node' }));
    const cancel = new AbortController();
    const stop = job.run('node-stop', { signal: cancel.signal });
    await begun;
    cancel.abort(new Error('cancelled'));
    await expect(stop).rejects.toThrow('cancelled');
    const start = job.run('node-start', { signal });
    setImmediate(proceed);
    expect(await start).toEqual({ exitCode: 0 });
    expect(order).toEqual(['stop begins', 'stop ends', 'start begins', 'start ends']);
  });

  it('ends a step of its job that still runs, even where its agent has not hung up', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const world = await makeRootWorld(async (act, io) => {
      if (act.argv[0] !== 'tar') return { exitCode: 0 };
      begin();
      await new Promise((resolve) => io.signal.addEventListener('abort', resolve));
      return { exitCode: 143 };
    }, DB);
    const job = world.steps(makeJob({ kind: 'backup-stoachain' }));
    const read = job.run('snapshot-read', { signal, args: { snapshot: '1700000000000' } });
    await begun;
    const removed = job.run('snapshot-remove', { signal, args: { snapshot: '1700000000000' } });
    expect(await removed).toEqual({ exitCode: 0 });
    expect(await read).toEqual({ exitCode: 143 });
  });

  it('knows the former node from before the first act of setting it aside', async () => {
    let failing = true;
    const world = await makeRootWorld(async (act) => ({
      exitCode: failing && act.argv[1] === 'stop' ? 1 : 0,
    }));
    const job = world.steps(makeJob(UPGRADE));
    expect(await job.run('node-aside', { signal })).toEqual({ exitCode: 1 });
    await expect(job.run('node-create', { signal })).rejects.toMatchObject({ code: 'root_no_node' });
    world.ran.length = 0;
    expect(await job.run('node-back', { signal })).toEqual({ exitCode: 0 });
    // Nothing was changed, and what was to be kept was not: no drop-in is taken for the former one.
    expect(argvOf(world.ran)).toEqual([`systemctl start -- ${CHAINWEB_UNIT}`]);
    failing = false;
    const again = world.steps(makeJob(UPGRADE));
    await again.run('node-aside', { signal });
    await again.run('node-create', { signal });
    world.ran.length = 0;
    await again.run('node-back', { signal });
    expect(argvOf(world.ran).at(-1)).toBe(`systemctl restart -- ${CHAINWEB_UNIT}`);
    expect(argvOf(world.ran)[0]).toMatch(/^rm --force .*50-stoa-hub.conf$/);
  });

  it('goes by what its job has seen, whatever runs by now', async () => {
    const world = await makeRootWorld(undefined, DB);
    const job = world.steps(makeJob(RESEED));
    await job.run('node-stop', { signal });
    world.proc.remove('4242');
    // As a node that crashes with its new database is seen: its unit has no main process just now.
    world.proc.addProcess(5000, { comm: 'chainweb-node', cgroup: `0::/system.slice/${CHAINWEB_UNIT}\n` });
    await expect(job.run('node-stop', { signal })).rejects.toMatchObject({ code: 'root_no_node' });
    expect(await job.run('database-back', { signal })).toEqual({ exitCode: 0 });
    expect(argvOf(world.ran)).toContain('rm --recursive --force --one-file-system -- /srv/chain/db');
  });

  it('takes a process that is gone while it is looked at for none', async () => {
    const world = await makeRootWorld(async (act) => {
      if (act.argv[1] !== 'inspect') return { exitCode: 0 };
      world.proc.remove('4242');
      return { exitCode: 1 };
    });
    await world.steps(makeJob({ kind: 'benchmark-node' })).run('node-stop', { signal });
    world.proc.addProcess(4242, { comm: 'chainweb-node', cgroup: `0::/docker/${'ab'.repeat(32)}\n` });
    const stop = world.steps(makeJob({ kind: 'benchmark-node' })).run('node-stop', { signal });
    expect(await stop).toEqual({ exitCode: 0 });
    expect(argvOf(world.ran).at(-1)).toBe(`systemctl stop -- ${CHAINWEB_UNIT}`);
  });

  it('starts a node again that systemd gave up, and says so where it still does not start', async () => {
    for (const refusals of [1, 2]) {
      let left = refusals;
      const world = await makeRootWorld(async (act) => ({
        exitCode: act.argv[1] === 'start' && left-- > 0 ? 1 : 0,
      }));
      const ended = await world.steps(makeJob(UPGRADE)).run('node-start', { signal });
      expect(ended).toEqual({ exitCode: refusals - 1 });
      expect(argvOf(world.ran)).toEqual(
        ['start', 'reset-failed', 'start'].map((word) => `systemctl ${word} -- ${CHAINWEB_UNIT}`),
      );
    }
  });

  it('starts the node where no database was set aside yet', async () => {
    const world = await makeRootWorld(async (act) => ({ exitCode: act.argv[0] === 'test' ? 1 : 0 }), DB);
    const job = world.steps(makeJob(RESEED));
    await job.run('node-stop', { signal });
    world.ran.length = 0;
    expect(await job.run('database-back', { signal })).toEqual({ exitCode: 0 });
    expect(argvOf(world.ran).slice(1)).toEqual([`systemctl start -- ${CHAINWEB_UNIT}`]);
  });
});

describe('attempts', () => {
  const orderId = new Uint8Array(16).fill(6);
  const jobId = new Uint8Array(16).fill(7);
  const RESTART: JobWish = { kind: 'stoachain-control', params: { action: 'restart' }, orderId };
  const attempt = (number: number, by: 'owner' | 'admin' = 'owner') =>
    makeJob({ ...RESTART, by, change: { jobId, attempt: number } });

  it('come once each, in their order, whatever token a hub gives them', async () => {
    const world = await makeRootWorld();
    const run = (number: number) => world.steps(attempt(number)).run('node-restart', { signal });
    await run(1);
    await expect(run(1)).rejects.toMatchObject({ code: 'root_order_used' });
    await run(3);
    for (const number of [2, 3]) await expect(run(number)).rejects.toMatchObject({ code: 'root_order_used' });
    await expect(run(4)).rejects.toMatchObject({ code: 'root_bad_order' });
    expect(world.ran).toHaveLength(2);
  });

  it('count against the day each', async () => {
    const world = await makeRootWorld();
    world.facts.policy = 'disruptive-per-day 2\n';
    for (const number of [1, 2]) await world.steps(attempt(number, 'admin')).run('node-restart', { signal });
    const third = world.steps(attempt(3, 'admin')).run('node-restart', { signal });
    await expect(third).rejects.toMatchObject({ code: 'root_daily_cap' });
  });
});
