import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { JobBench } from '../jobs/job-bench.fixture.ts';
import { mayBegin } from './may-begin.ts';
import { LAST_RING, RINGS } from './plan/index.ts';
import { HOUR, MINUTE } from './rollout-world.fixture.ts';
import { AT_TIP_MS } from './upgrade-word.ts';
import { NEW, UpgradeWorld } from './upgrade-world.fixture.ts';

let database: DbAdapter;
beforeAll(async () => {
  database = await openTemporary();
}, 60_000);
afterAll(() => database.close());

let bench: JobBench;
function open(by: { owners: number; each: number }): Promise<UpgradeWorld> {
  const { sql } = database;
  return UpgradeWorld.open(database, {
    ...by,
    bench: (clock) => (bench = new JobBench({ sql, clock, mayBegin })),
  });
}

const soaks = RINGS.reduce((sum, { soakMs }) => sum + soakMs, 0) / MINUTE;

describe('a rollout of chainweb-node', { timeout: 60_000 }, () => {
  it('goes ring by ring over a hub that is killed at every step: one order, one job a node, a fifth of an owner at once', async () => {
    const upgrade = await open({ owners: 20, each: 2 });
    const { world } = upgrade;
    const { rolloutId, cargo } = await upgrade.create();
    expect(cargo).toMatchObject({ kind: 'chainweb', order: { signedBy: world.admin.email } });
    const rings = new Set<number>();
    for (let minute = 0; minute < 3 * soaks; minute += 1) {
      const jobs = await upgrade.minute();
      const owners = jobs.map(({ nodeId }) => world.nodes.find((node) => node.nodeId === nodeId)!.owner);
      expect(new Set(owners).size).toBe(owners.length);
      const { course } = (await world.hub().reader.find(rolloutId))!;
      rings.add(course.ring);
      if (course.state !== 'running') break;
      // Three looks at a young node, and a soak of a day.
      if (course.soakSince !== undefined) await upgrade.pass(course.ring === 3 ? 4 * HOUR : 29 * MINUTE);
    }
    expect([...rings]).toEqual(Array.from({ length: LAST_RING + 1 }, (_, ring) => ring));
    expect((await world.hub().reader.find(rolloutId))!.course.state).toBe('complete');
    expect(await world.states(rolloutId)).toEqual({ confirmed: 40 });
    expect(await upgrade.jobs()).toEqual({ succeeded: 40 });
    const [made] = await world.sql<{ batches: number; orders: number; nodes: number }[]>`
      select count(*)::int as batches, count(distinct order_id)::int as orders, sum(node_count)::int as nodes from job_batches`;
    expect(made).toEqual({ batches: 1, orders: 1, nodes: 40 });
    expect(world.sent).toEqual([]);
  });

  it('halts by itself where nodes of three owners roll back; a retry is the next attempt at the same job, while the order has one', async () => {
    const upgrade = await open({ owners: 40, each: 3 });
    const { world, sql } = upgrade;
    const { rolloutId } = await upgrade.create();
    await upgrade.gather(rolloutId);
    const failing = async () => {
      for (const { nodeId } of world.nodes) upgrade.manner.set(nodeId, 'rolls back');
      const jobs = [];
      for (let minute = 0; minute < 5; minute += 1) jobs.push(...(await upgrade.minute()));
      const { course } = (await world.hub().reader.find(rolloutId))!;
      expect([course.state, course.reason]).toEqual(['halted', expect.stringContaining('failures in')]);
      return jobs;
    };
    const first = await failing();
    const { desk, reader } = world.hub();
    const [stuck] = await reader.stuck(rolloutId, world.now);
    expect(stuck).toMatchObject({
      state: 'rolled-back',
      reason: expect.stringContaining('not_at_tip') as string,
    });
    expect(first.map(({ jobId }) => jobId)).toContain(stuck!.jobId);
    expect(await upgrade.minute()).toEqual([]);
    for (const attempt of [2, 3]) {
      await desk.act(world.admin, rolloutId, { act: 'resume', reason: '' });
      expect(await desk.stuck(world.admin, rolloutId, { act: 'retry' })).toBe(first.length);
      const jobs = await failing();
      const again = jobs.filter((job) => job.attempt === attempt);
      expect(new Set(again.map(({ jobId }) => jobId))).toEqual(new Set(first.map(({ jobId }) => jobId)));
      first.splice(0, first.length, ...jobs.filter((job) => job.attempt === attempt));
    }
    const [spent] = await sql<{ spent: number }[]>`
      select count(*)::int as spent from jobs where attempt = max_attempts`;
    await desk.act(world.admin, rolloutId, { act: 'resume', reason: '' });
    const asked = await desk.stuck(world.admin, rolloutId, { act: 'retry' });
    const { 'rolled-back': left } = await world.states(rolloutId);
    expect([left, asked]).toEqual([spent!.spent, 0]);
  });

  it('takes back what no agent has had when it stands still, and asks again when it goes on', async () => {
    const upgrade = await open({ owners: 40, each: 1 });
    const { world } = upgrade;
    const { rolloutId } = await upgrade.create();
    await upgrade.handOut();
    expect(await upgrade.jobs()).toEqual({ queued: 5 });
    world.fault = 'its order ended';
    await upgrade.pass(MINUTE);
    await world.hub().ticker.tick();
    const { course } = (await world.hub().reader.find(rolloutId))!;
    expect([course.state, course.reason]).toEqual(['halted', 'its order ended']);
    expect(await upgrade.jobs()).toEqual({ cancelled: 5 });
    expect(await world.states(rolloutId)).toEqual({ waiting: 40 });
    world.fault = undefined;
    await world.hub().desk.act(world.admin, rolloutId, { act: 'resume', reason: '' });
    expect(await upgrade.minute()).toHaveLength(5);
    expect(await upgrade.jobs()).toEqual({ succeeded: 5 });
  });

  it('believes no job that says it is done: the node reports the version and is at the tip, or it has failed; late is late', async () => {
    const upgrade = await open({ owners: 6, each: 1 });
    const { world, sql } = upgrade;
    const { rolloutId } = await upgrade.create();
    await upgrade.gather(rolloutId);
    const [a, b, c, d] = world.nodes.map(({ nodeId }) => nodeId);
    upgrade.manner.set(a!, 'says so only').set(c!, 'refuses').set(d!, 'works on');
    const hub = world.hub();
    for (let minute = 0; minute < 3; minute += 1) await upgrade.minute(hub);
    upgrade.stray.add(b!);
    await sql`update node_status set at_tip_at = ${new Date(world.now - HOUR)} where node_id = ${b!}`;
    await upgrade.minute(hub);
    const states = async () =>
      Promise.all([a, b, c, d].map(async (node) => (await upgrade.place(rolloutId, node!)).state));
    expect(await states()).toEqual(['trying', 'trying', 'refused', 'trying']);
    await upgrade.pass(AT_TIP_MS);
    await hub.ticker.tick();
    expect(await states()).toEqual(['failed', 'failed', 'refused', 'trying']);
    expect((await upgrade.place(rolloutId, a!)).reason).toContain('it reports 2.26.1');
    expect((await upgrade.place(rolloutId, b!)).reason).toContain('not been at the tip');
    expect((await upgrade.place(rolloutId, c!)).reason).toContain('policy_denies');
    upgrade.stray.delete(b!);
    await sql`update nodes set chainweb_version = ${NEW} where node_id = ${a!}`;
    await upgrade.minute(hub);
    expect(await states()).toEqual(['confirmed', 'confirmed', 'refused', 'trying']);
    // What renews its lease is put off; what does not is given up on.
    await sql`update jobs set state = 'queued', acked = false, fencing_token = null where node_id = ${d!}`;
    await upgrade.pass(3 * HOUR);
    await hub.ticker.tick();
    expect((await upgrade.place(rolloutId, d!)).state).toBe('stuck');
    expect(await hub.desk.stuck(world.admin, rolloutId, { act: 'give-up', nodeIds: [d!] })).toBe(1);
    const [job] = await sql<{ state: string }[]>`select state from jobs where node_id = ${d!}`;
    expect(job!.state).toBe('cancelled');
  });

  it('waits for nodes that are off the tip, at other work, pinned, denied, or in the middle of another update', async () => {
    const upgrade = await open({ owners: 6, each: 1 });
    const { world, sql } = upgrade;
    const { rolloutId } = await upgrade.create();
    await upgrade.gather(rolloutId);
    const [a, b, c, d, e, f] = world.nodes.map(({ nodeId, owner }) => ({ nodeId, owner }));
    upgrade.stray.add(a!.nodeId);
    await sql`update node_status set at_tip_at = null where node_id = ${a!.nodeId}`;
    await sql`insert into jobs (batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, state, max_attempts,
        scheduled_at, deadline, created_at)
      values (gen_random_uuid(), ${b!.nodeId}, ${b!.owner}, 'agent', 'apt-upgrade', 'code', true, true, '{}', 'running', 3,
        now(), now(), now())`;
    await sql`insert into update_wishes (subject, channel, pin, chainweb_pin, "window", changed_by, changed_at)
      values (${c!.owner}, 'stable', '', '2.26.1', '', '', now()), (${f!.nodeId}, 'stable', '1.0.0', ${NEW}, '', '', now())`;
    await sql`update node_work set runs = '{}' where node_id = ${d!.nodeId}`;
    await sql`update node_updates set state = 'trying' where node_id = ${e!.nodeId}`;
    const asked = [...(await upgrade.minute()), ...(await upgrade.minute()), ...(await upgrade.minute())];
    expect(asked.map(({ nodeId }) => nodeId)).toEqual([f!.nodeId]);
    await upgrade.minute();
    expect(await world.states(rolloutId)).toEqual({ waiting: 5, confirmed: 1 });
  });

  it('takes a second admin for so many nodes, who neither began it nor signed', async () => {
    const upgrade = await open({ owners: 6, each: 1 });
    bench.approvalAbove = 5;
    const { world } = upgrade;
    const { rolloutId, cargo } = await upgrade.create();
    expect(cargo).toMatchObject({ awaitsApproval: true });
    for (let minute = 0; minute < 3; minute += 1) expect(await upgrade.minute()).toEqual([]);
    await expect(upgrade.desk().approve(world.admin, rolloutId)).rejects.toMatchObject({
      code: 'not_to_approve',
    });
    await upgrade.desk().approve({ ...world.admin, email: 'second@stoa.example' }, rolloutId);
    await upgrade.handOut();
    expect((await upgrade.lease()).length).toBeGreaterThan(0);
  });

  it('is one at a time, and an order is good for one', async () => {
    const upgrade = await open({ owners: 6, each: 1 });
    const { world, sql } = upgrade;
    const order = upgrade.order();
    const { rolloutId } = await upgrade.create(world.admin, order);
    await expect(upgrade.create()).rejects.toMatchObject({ code: 'rollout_open' });
    const [batches] = await sql<{ count: number }[]>`select count(*)::int as count from job_batches`;
    expect(batches!.count).toBe(1);
    await world.hub().desk.act(world.admin, rolloutId, { act: 'abort', reason: '' });
    await expect(upgrade.create(world.admin, order)).rejects.toMatchObject({ code: 'order_used' });
    await expect(
      upgrade.create({ ...world.admin, confirmedAt: world.now - 24 * HOUR }),
    ).rejects.toMatchObject({ code: 'confirm_first' });
    await expect(upgrade.create({ ...world.admin, tier: 'modern' })).rejects.toMatchObject({ status: 404 });
  });
});

describe('PAUSE ALL', { timeout: 60_000 }, () => {
  it('holds jobs back that were handed out before, by the statement that leases, whatever word stands there', async () => {
    const upgrade = await open({ owners: 40, each: 1 });
    const { world, sql } = upgrade;
    const { rolloutId } = await upgrade.create();
    await upgrade.handOut();
    const handedOut = await upgrade.jobs();
    expect(handedOut['queued']).toBeGreaterThan(0);
    await world.hub().desk.pauseAll(world.admin, { paused: true, reason: 'look at this' });
    expect(await upgrade.lease()).toEqual([]);
    for (const word of ['', '{', 'NO']) {
      await sql`update region_settings set value = ${Buffer.from(word)} where name = 'updates-paused'`;
      expect(await upgrade.minute()).toEqual([]);
    }
    expect(await upgrade.jobs()).toEqual(handedOut);
    await world.hub().desk.pauseAll(world.admin, { paused: false, reason: '' });
    await world.hub().desk.act(world.admin, rolloutId, { act: 'pause', reason: '' });
    expect(await upgrade.lease()).toEqual([]);
    await world.hub().desk.act(world.admin, rolloutId, { act: 'resume', reason: '' });
    expect(await upgrade.lease()).toHaveLength(handedOut['queued']!);
  });
});
