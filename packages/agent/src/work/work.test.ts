import { describe, expect, test } from 'vitest';
import { makeRegion } from '#identity/region.fixture.ts';
import { JobError } from '#work/job-error.ts';
import { writePause } from '#work/pause-file.ts';
import { idOf, POLICY_PATH, WorkWorld } from '#work/work-world.fixture.ts';

async function running(): Promise<WorkWorld> {
  const w = await WorkWorld.create();
  await w.open();
  return w;
}

const CONTROL = { kind: 'stoachain-control', params: { action: 'restart' }, order: 'owner' } as const;

describe('a job', () => {
  test('is on disk before it is acknowledged, runs, and is told by a signed result', async () => {
    const w = await running();
    expect(w.of('leaseRequest')).toEqual([{ mutating: 1, read: 8, receivedMutating: 0, receivedRead: 0 }]);
    await w.send({ job: 'j1' });
    expect(w.of('jobAck')).toMatchObject([{ jobId: idOf('j1'), attempt: 1 }]);
    expect(w.of('leaseRequest')).toHaveLength(1);
    await w.clock.advance(1_500);
    await w.finish('j1', { cores: 4, apiKey: 'hunter2' });
    expect(w.results).toMatchObject([
      {
        jobId: idOf('j1'),
        kind: 'system-probe',
        outcome: 'succeeded',
        report: '{"cores":4,"apiKey":"[redacted]"}',
        durationMs: 1_500,
        number: 1,
        previous: new Uint8Array(32),
      },
    ]);
    expect(w.of('leaseRequest').at(-1)).toEqual({
      mutating: 1,
      read: 8,
      receivedMutating: 0,
      receivedRead: 1,
    });
    expect(w.work.pending).toBe(0);
  });

  test('that fails says why', async () => {
    const w = await running();
    await w.send();
    await w.finish('j1', new JobError('no_docker', 'the engine does not answer'));
    expect(w.results).toMatchObject([
      { outcome: 'failed', code: 'no_docker', message: 'the engine does not answer' },
    ]);
  });

  test('is ended when it takes longer than its kind may', async () => {
    const w = await running();
    await w.send();
    await w.clock.advance(60_000);
    expect(w.results).toMatchObject([{ outcome: 'failed', code: 'limit' }]);
  });

  test('is cancelled, and its handler may take its time to let go, and not more', async () => {
    const w = await running();
    const stuck = Promise.withResolvers<never>();
    w.handlers = { 'stoachain-control': { run: () => stuck.promise } };
    await w.kill('kept');
    await w.open();
    await w.send(CONTROL);
    w.say('cancelJob', { ...w.of('jobAck').at(-1)!, reason: 'wrong node' });
    await w.clock.advance(29_000);
    expect(w.of('cancelAck')).toMatchObject([{ running: true }]);
    expect(w.results).toEqual([]);
    await w.clock.advance(1_000);
    expect(w.results).toMatchObject([{ outcome: 'cancelled', code: 'cancelled', message: 'wrong node' }]);
    // Whatever it does still, nothing that changes the host may run beside it.
    expect(w.of('leaseRequest').at(-1)).toMatchObject({ mutating: 1, receivedMutating: 0 });
    stuck.reject(new Error('gone at last'));
    await w.clock.advance(0);
    expect(w.of('leaseRequest').at(-1)).toMatchObject({ mutating: 1, receivedMutating: 1 });
  });

  test('that nobody knows is no longer there to be cancelled', async () => {
    const w = await running();
    w.say('cancelJob', { jobId: idOf('x'), attempt: 1, fencingToken: 1, reason: '' });
    await w.clock.advance(0);
    expect(w.of('cancelAck')).toMatchObject([{ running: false }]);
  });

  test('F31 with an empty report has a result all the same', async () => {
    const w = await running();
    await w.send();
    await w.finish('j1');
    expect(w.results).toMatchObject([{ outcome: 'succeeded', report: '' }]);
  });

  test('results are a chain without a gap', async () => {
    const w = await running();
    for (const job of ['a', 'b', 'c']) {
      await w.send({ job });
      await w.finish(job);
    }
    expect(w.results.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(new Set(w.results.map(({ previous }) => previous.join())).size).toBe(3);
  });
});

describe('who may have what done', () => {
  const refusal = async (w: WorkWorld, spec: Parameters<WorkWorld['send']>[0]): Promise<string> => {
    await w.send(spec);
    const last = w.results.at(-1);
    expect(last?.outcome).toBe('refused');
    expect(w.ran).toEqual([]);
    expect(w.of('jobAck')).toHaveLength(w.results.length);
    return last!.code;
  };

  test('a job of another region, for another node, or past its deadline is refused', async () => {
    const w = await running();
    const other = makeRegion('eu', 'evil');
    const forged = w.message({ job: 'a' });
    w.say('job', { ...forged, hub: other.chain() });
    await w.clock.advance(0);
    expect(w.results.at(-1)).toMatchObject({ outcome: 'refused', code: 'wrong_root' });
    expect(await refusal(w, { job: 'b', over: { nodeId: new Uint8Array(32) } })).toBe('wrong_node');
    expect(await refusal(w, { job: 'c', over: { deadline: w.clock.now() } })).toBe('deadline_passed');
    expect(await refusal(w, { job: 'd', over: { params: '{ }' } })).toBe('bad_params');
    expect(await refusal(w, { job: 'e', kind: 'node-test' })).toBe('kind_unsupported');
  });

  test('an instance whose certificate the proven time has ended is refused', async () => {
    const w = await running();
    w.timeFloor = Date.UTC(2101, 0, 1);
    expect(await refusal(w, { over: { deadline: Date.UTC(2200, 0, 1) } })).toBe('certificate_expired');
  });

  test('disruptive kinds take an order, code takes the owner’s or a listed admin’s', async () => {
    const w = await running();
    const control = { kind: 'stoachain-control', params: { action: 'stop' } } as const;
    expect(await refusal(w, { ...control, job: 'a' })).toBe('order_missing');
    expect(await refusal(w, { kind: 'apt-upgrade', job: 'b', order: 'admin' })).toBe('order_not_owners');
    const other = w.order({ kind: 'apt-upgrade', params: '{"securityOnly":true}', by: 'owner', job: 'c' });
    expect(await refusal(w, { kind: 'apt-upgrade', job: 'c', order: other })).toBe('bad_order');
    await w.disk.writeAtomic(POLICY_PATH, `admin ${Buffer.from(w.admin.publicKey).toString('hex')}\n`);
    await w.work.look();
    await w.send({ kind: 'apt-upgrade', job: 'd', order: 'admin' });
    expect(w.ran).toEqual([expect.stringContaining('apt-upgrade')]);
  });

  test('the local policy denies, and one that can’t be read allows nothing', async () => {
    const w = await running();
    await w.disk.writeAtomic(POLICY_PATH, 'deny read\n');
    await w.clock.advance(10);
    await w.work.look();
    await w.clock.advance(0);
    expect(w.of('workPolicy').at(-1)).toMatchObject({ policy: 'deny read\n', fault: '', paused: false });
    expect(await refusal(w, { job: 'a' })).toBe('policy_denies');
    await w.disk.writeAtomic(POLICY_PATH, 'allow everything\n');
    await w.clock.advance(10);
    await w.work.look();
    await w.clock.advance(0);
    expect(w.of('workPolicy').at(-1)).toMatchObject({ fault: expect.stringContaining('line 1') });
    expect(await refusal(w, { job: 'b' })).toBe('policy_damaged');
  });

  test('an order covers the attempts at one job, and never a second job', async () => {
    const w = await running();
    const order = w.message({ ...CONTROL, job: 'a' }).order;
    await w.send({ ...CONTROL, job: 'a', order });
    await w.finish('a', new Error('no'));
    await w.send({ ...CONTROL, job: 'a', attempt: 2, order });
    await w.finish('a', new Error('no'));
    await w.send({ ...CONTROL, job: 'b', order });
    expect(w.results.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['failed', 'unknown'],
      ['failed', 'unknown'],
      ['refused', 'order_used'],
    ]);
    expect(w.ran).toHaveLength(2);
  });

  test('four disruptive jobs a day run without the owner’s signature, also over restarts; with it any number', async () => {
    const w = await running();
    const run = async (job: string, order: 'owner' | 'admin'): Promise<string> => {
      await w.send({ ...CONTROL, job, order });
      if (w.runs(job)) await w.finish(job);
      return w.results.at(-1)!.code;
    };
    for (const job of ['a', 'b', 'c']) expect(await run(job, 'admin')).toBe('');
    await w.kill('lost');
    await w.open();
    expect(await run('d', 'admin')).toBe('');
    expect(await run('e', 'admin')).toBe('too_many_today');
    for (const job of ['f', 'g']) expect(await run(job, 'owner')).toBe('');
    await w.clock.advance(24 * 3_600_000);
    w.timeFloor += 24 * 3_600_000;
    expect(await run('h', 'admin')).toBe('');
  });

  test('a paused node asks for nothing, says so, and refuses what was on its way', async () => {
    const w = await running();
    await writePause(w.disk, w.store.directory, { paused: true, until: 0 });
    await w.work.look();
    await w.clock.advance(0);
    expect(w.of('workPolicy').at(-1)).toMatchObject({ paused: true });
    expect(w.of('leaseRequest').at(-1)).toMatchObject({ mutating: 0, read: 0 });
    expect(await refusal(w, {})).toBe('paused');
    await w.disk.writeAtomic(`${w.store.directory}/pause`, 'rotten');
    await w.work.look();
    expect(w.work.paused).toBe(true);
    await writePause(w.disk, w.store.directory, { paused: false, until: w.clock.now() + 60_000 });
    await w.work.look();
    expect(w.work.paused).toBe(true);
    await w.clock.advance(60_000);
    await w.work.look();
    await w.clock.advance(0);
    expect(w.of('workPolicy').at(-1)).toMatchObject({ paused: false });
    expect(w.of('leaseRequest').at(-1)).toMatchObject({ mutating: 1, read: 8 });
  });

  test('a quarantined session takes no work', async () => {
    const w = await WorkWorld.create();
    await w.open(true);
    expect(w.received).toEqual([]);
  });
});

describe('leases', () => {
  test('F22 are renewed at a third, at once in a new session, and soon after progress', async () => {
    const w = await running();
    await w.send({ ...CONTROL });
    const before = w.clock.monotonic();
    while (w.of('leaseRenew').length === 0) await w.clock.advance(1_000);
    expect(w.clock.monotonic() - before).toBe(30_000);
    w.lose();
    await w.clock.advance(600_000);
    expect(w.of('leaseRenew')).toHaveLength(1);
    await w.open();
    expect(w.of('leaseRenew')).toHaveLength(2);
    expect(w.of('leaseRenew')[1]).toMatchObject({ leases: [{ jobId: idOf('j1'), progress: 255, step: '' }] });
    expect(w.of('leaseRequest').at(-1)).toMatchObject({ mutating: 0, read: 8, receivedMutating: 0 });
    expect(w.runs('j1')).toBe(true);
  });

  test('F22 a lost one ends its job, and a later attempt runs alone', async () => {
    const w = await running();
    await w.send({ job: 'a' });
    const first = w.of('jobAck')[0]!;
    w.say('leaseRenewed', { leases: [{ ...first, leaseMs: 0 }] });
    await w.clock.advance(0);
    expect(w.results).toMatchObject([
      { outcome: 'interrupted', code: 'lease_lost', fencingToken: first.fencingToken },
    ]);
    await w.send({ job: 'a', attempt: 2 });
    await w.send({ job: 'a', attempt: 3 });
    expect(w.results.at(-1)).toMatchObject({ attempt: 2, code: 'lease_lost' });
    await w.send({ job: 'a', attempt: 4, token: 1 });
    expect(w.results.at(-1)).toMatchObject({ attempt: 4, outcome: 'refused', code: 'lease_stale' });
    await w.finish('a');
    expect(w.results.at(-1)).toMatchObject({ attempt: 3, outcome: 'succeeded' });
  });

  test('a job that comes twice runs once', async () => {
    const w = await running();
    const message = w.message({ job: 'a' });
    w.say('job', message);
    w.say('job', message);
    await w.clock.advance(0);
    w.say('job', message);
    await w.clock.advance(0);
    expect(w.ran).toHaveLength(1);
    await w.finish('a', { n: 1 });
    w.say('job', message);
    await w.clock.advance(0);
    expect(w.ran).toHaveLength(1);
    // Its receipt was here: it is told again, word for word, in the same chain.
    expect(w.results.map(({ number, report }) => [number, report])).toEqual([
      [1, '{"n":1}'],
      [2, '{"n":1}'],
    ]);
  });

  test('F10 an effect that was had is not had again under another attempt', async () => {
    const w = await running();
    await w.send({ ...CONTROL, job: 'a' });
    await w.finish('a', { n: 1 });
    await w.kill('lost');
    await w.open();
    await w.send({ ...CONTROL, job: 'a', attempt: 2, token: 99 });
    expect(w.ran).toHaveLength(1);
    expect(w.results.at(-1)).toMatchObject({
      attempt: 2,
      fencingToken: 99,
      outcome: 'succeeded',
      report: '{"n":1}',
    });
  });

  test('more jobs than were asked for end the session', async () => {
    const w = await running();
    await w.send({ ...CONTROL, job: 'a' });
    expect(() => w.say('job', w.message({ ...CONTROL, job: 'b' }))).toThrow('were asked for');
  });
});

describe('receipts', () => {
  test('that are forged leave the result where it is', async () => {
    const w = await running();
    w.receipts = false;
    await w.send();
    await w.finish('j1');
    const { sealed } = w.of('jobResult')[0]!;
    w.say('jobReceipt', w.receiptFor(sealed, w.admin));
    w.say('jobReceipt', { ...w.receiptFor(sealed), hub: makeRegion('eu', 'evil').chain() });
    await w.clock.advance(0);
    expect(w.work.pending).toBe(1);
    w.say('jobReceipt', w.receiptFor(sealed));
    await w.clock.advance(0);
    expect(w.work.pending).toBe(0);
    expect(await w.disk.list(`${w.store.nodeDirectory}/work/results`)).toEqual(['000000000000.log']);
  });

  test('that stay away: the result is sent again in the next session, the same bytes', async () => {
    const w = await running();
    w.receipts = false;
    await w.send();
    await w.finish('j1');
    w.lose();
    await w.kill('lost');
    await w.open();
    await w.clock.advance(0);
    const sent = w.of('jobResult');
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
  });
});

describe('a disk', () => {
  test('that is full: nothing is begun, nothing more is asked for, and a result waits until there is room', async () => {
    const w = await running();
    await w.send({ job: 'a' });
    w.disk.capacityBytes = 0;
    await w.send({ job: 'b' });
    expect(w.of('jobAck')).toHaveLength(1);
    expect(w.of('leaseRequest').at(-1)).toMatchObject({ mutating: 0, read: 0 });
    await w.finish('a');
    expect(w.results).toEqual([]);
    w.disk.capacityBytes = 1e9;
    await w.clock.advance(60_000);
    expect(w.results).toMatchObject([{ jobId: idOf('a'), outcome: 'succeeded' }]);
    await w.work.look();
    await w.clock.advance(0);
    expect(w.of('leaseRequest').at(-1)).toMatchObject({ mutating: 1, read: 8 });
  });
});

test('F33 an agent that stops ends its jobs, and tells them as interrupted next time', async () => {
  const w = await running();
  await w.send();
  let stopped = false;
  void w.work.stop().then(() => {
    stopped = true;
  });
  await w.clock.advance(0);
  expect(stopped).toBe(true);
  expect(w.clock.pending).toBe(0);
  await w.boot();
  await w.open();
  expect(w.results).toMatchObject([{ outcome: 'interrupted', code: 'agent_stopping' }]);
});
