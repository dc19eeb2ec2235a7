import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { FleetStore } from './fleet-store.ts';
import { HOUR, MINUTE, RolloutWorld } from './rollout-world.fixture.ts';

let database: DbAdapter;
beforeAll(async () => {
  database = await openTemporary();
}, 60_000);
afterAll(() => database.close());

describe('silence', () => {
  it('of a few nodes after they were looked at closes no gate and halts nothing', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const { rolloutId } = await world.create();
    const hub = world.hub();
    for (let minute = 0; minute < 6; minute += 1) await world.minute(hub);
    const away = await world.sql<{ node_id: string }[]>`
      select node_id from rollout_nodes where ring = 1 and state = 'confirmed' order by bucket limit 2`;
    for (const _ of [1, 2]) {
      world.now += HOUR;
      await world.beat();
    }
    for (const { node_id } of away) world.leave(node_id);
    for (let hour = 0; hour < 30; hour += 1) {
      world.now += HOUR;
      await world.minute(hub);
    }
    const { course } = (await hub.reader.find(rolloutId))!;
    expect([away.length, course.state]).toEqual([2, 'running']);
    expect(course.ring).toBeGreaterThan(2);
  });

  it('F03 of one owner, or in one network, is not our own deafness; of many in several it is', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const fleet = new FleetStore(world.sql);
    const silence = async (owners: string) => {
      await world.sql`update node_status s set last_seen = ${new Date(world.now - 20 * MINUTE)} from nodes n
        where n.node_id = s.node_id and n.owner like ${owners}`;
      return fleet.deaf(world.now);
    };
    await world.sql`update nodes set owner = 'owner0@stoa.example' where owner like 'owner1%'`;
    expect(await silence('owner0@%')).toBe(false);
    expect(await silence('owner2%')).toBe(true);
    await world.sql`update node_work set site = '192.0.2.0/24'`;
    expect(await fleet.deaf(world.now)).toBe(false);
  });

  it('F03 of many holds every rollout but that of a security release', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const { rolloutId } = await world.create();
    const hub = world.hub();
    for (const { nodeId, owner } of world.nodes) if (owner.startsWith('owner2')) world.leave(nodeId);
    world.now += 20 * MINUTE;
    await world.assign(hub);
    expect((await world.states(rolloutId))['assigned']).toBeUndefined();
    await world.sql`update rollouts set security = true`;
    await world.assign(hub);
    expect((await world.states(rolloutId))['assigned']).toBeGreaterThan(0);
  });
});

describe('the words of nodes', () => {
  it('count each about its own assignment, and the newest for where the node stands', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    await world.create();
    const hub = world.hub();
    await world.assign(hub);
    await hub.sender.tell(undefined);
    const [nodeId, assignment] = [...world.asked][0]!;
    world.asked.delete(nodeId);
    const at = world.now;
    const busy = { ...world.status({ assignment, state: 'deferred' }), reason: 'busy', until: at + HOUR / 2 };
    const own = { ...world.status({ state: 'draining' }), assignment: new Uint8Array(16).fill(9) };
    await hub.statuses.take([
      { nodeId, status: busy, at },
      { nodeId, status: own, at },
    ]);
    const states = async () => [
      (await hub.reader.places(nodeId)).map(({ state }) => state),
      (await world.sql`select state from node_updates where node_id = ${nodeId}`).map(({ state }) => state),
    ];
    expect(await states()).toEqual([['deferred'], ['draining']]);
    const rollsBack = async () => (await hub.reader.node(nodeId))?.rollsBack;
    expect(await rollsBack()).toBe(false);
    await world.sql`update node_work set runs = '{node-test,agent-rollback}'`;
    expect(await rollsBack()).toBe(true);
    // Not asked again before it is through with the other one.
    world.now += HOUR / 2;
    await world.minute(hub);
    await world.minute(hub);
    expect((await states())[0]).toEqual(['waiting']);
    await world.sql`update node_updates set state = 'confirmed' where node_id = ${nodeId}`;
    // Nor while another rollout has it in the air.
    const other = '00000000-0000-4000-8000-000000000000';
    await world.sql`insert into rollouts (rollout_id, kind, version, targets_version, targets_sha256, platforms, security,
        state, ring, ring_since, judged_since, created_by, created_at)
      values (${other}, 'runtime', '1.0.0', 1, '', '{}', false, 'paused', 0, now(), now(), '', now())`;
    await world.sql`insert into rollout_nodes (rollout_id, node_id, owner, ring, bucket, state, deadline)
      values (${other}, ${nodeId}, '', 0, 0, 'trying', ${new Date(world.now + HOUR)})`;
    await world.minute(hub);
    expect((await states())[0]).toContain('waiting');
    await world.sql`update rollout_nodes set state = 'confirmed' where rollout_id = ${other}`;
    await world.minute(hub);
    await world.minute(hub);
    expect((await states())[0]).not.toContain('waiting');
  });

  it('fill no disk: of the ends that one node tells, so many a month are logged', async () => {
    const world = await RolloutWorld.open(database, { owners: 1, each: 1 });
    const { nodeId } = world.nodes[0]!;
    const { statuses } = world.hub();
    for (let i = 0; i < 60; i += 1) {
      const status = { ...world.status({ state: i % 2 === 0 ? 'failed' : 'confirmed' }), target: `1.0.${i}` };
      await statuses.take([{ nodeId, status, at: world.now }]);
    }
    const logged = async () => (await world.sql`select count(*)::int as n from node_update_log`)[0]!['n'];
    expect(await logged()).toBe(40);
    world.now += 31 * 24 * HOUR;
    await statuses.take([
      { nodeId, status: { ...world.status({ state: 'failed' }), target: 'x' }, at: world.now },
    ]);
    expect(await logged()).toBe(41);
  });
});
