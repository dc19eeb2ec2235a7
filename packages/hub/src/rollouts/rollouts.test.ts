import { fromHex } from '@stoa/protocol';
import { ringHash } from '@stoa/protocol/release';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { held } from './eligible.ts';
import {
  hashRing,
  heldBy,
  LAST_RING,
  MOST_DEFERRED_MS,
  NO_WISH,
  NOTICE_MS,
  RINGS,
  type UpdateWish,
} from './plan/index.ts';
import { HOUR, MINUTE, RELEASE, RolloutWorld } from './rollout-world.fixture.ts';

let database: DbAdapter;
beforeAll(async () => {
  database = await openTemporary();
}, 60_000);
afterAll(() => database.close());

const soaks = RINGS.reduce((sum, { soakMs }) => sum + soakMs, 0) / MINUTE;

describe('rings', () => {
  it('are drawn in the database as the protocol says, with our own nodes and vetted volunteers before', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const { sql } = world;
    const person = (
      email: string,
      tier: string,
    ) => sql`insert into users (id, name, email, tier, created_at, updated_at)
      values (${email}, '', ${email}, ${tier}, now(), now())`;
    await person('owner0@stoa.example', 'ancient');
    await person('owner1@stoa.example', 'baron');
    await person('owner2@stoa.example', 'operator');
    await sql`insert into update_wishes (subject, channel, pin, "window", changed_by, changed_at)
      select 'owner' || i || '@stoa.example', 'early', '', '', '', now() from generate_series(1, 2) i`;
    const { rolloutId } = await world.create();
    const rows = await sql<{ node_id: string; owner: string; ring: number; bucket: number }[]>`
      select node_id, owner, ring, bucket from rollout_nodes where rollout_id = ${rolloutId}`;
    expect(rows).toHaveLength(120);
    for (const { node_id, bucket, ring } of rows) {
      expect(bucket).toBe(ringHash(RELEASE.sha256, fromHex(node_id)));
      if (ring > 1) expect(ring).toBe(hashRing(bucket));
    }
    const owners = (ring: number) => rows.filter((row) => row.ring === ring).map(({ owner }) => owner);
    expect(owners(0)).toEqual(Array.from({ length: 3 }, () => 'owner0@stoa.example'));
    // One vetted volunteer, filled up to five, one an owner; who only asked is none.
    expect(owners(1)).toContain('owner1@stoa.example');
    expect(new Set(owners(1)).size).toBe(5);
    expect(owners(1)).toHaveLength(5);
  });

  it('hold nobody early who joined once the hash was known: keys can be made until one falls there', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    world.firstSeen = world.now;
    await world.sql`update nodes set created_at = ${new Date(world.now + MINUTE)} where owner > 'owner2'`;
    const { rolloutId } = await world.create();
    const late = async () => {
      const rows = await world.sql<
        { ring: number }[]
      >`select distinct r.ring from rollout_nodes r join nodes n using (node_id)
        where r.rollout_id = ${rolloutId} and n.created_at > ${new Date(world.now)}`;
      return rows.map(({ ring }) => ring);
    };
    expect(await late()).toEqual([LAST_RING]);
    const [drawn] = await world.sql<{ early: number }[]>`
      select count(*)::int as early from rollout_nodes where rollout_id = ${rolloutId} and ring < ${LAST_RING}`;
    expect(drawn!.early).toBeGreaterThan(5);
    // Nor whoever joins while it goes on.
    await world.sql`delete from rollout_nodes where rollout_id = ${rolloutId} and ring < ${LAST_RING}`;
    await world.minute(world.hub());
    expect((await world.states(rolloutId))['waiting']).toBe(120);
    const [lowest] = await world.sql<{ ring: number }[]>`select min(ring)::int as ring from rollout_nodes`;
    expect(lowest!.ring).toBe(LAST_RING);
  });
});

describe('a rollout', () => {
  it('goes ring by ring over a hub that is killed at every step, never with two nodes of an owner at once', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const { rolloutId } = await world.create();
    const rings = new Set<number>();
    for (let minute = 0; minute < 3 * soaks; minute += 1) {
      await world.minute(world.hub());
      const [most] = await world.sql<{ most: number }[]>`select coalesce(max(n), 0)::int as most from (
        select count(*) as n from rollout_nodes where state = 'assigned' group by owner) flying`;
      expect(most!.most).toBeLessThanOrEqual(1);
      const { course } = (await world.hub().reader.find(rolloutId))!;
      rings.add(course.ring);
      if (course.state !== 'running') break;
      // Nothing happens while a ring soaks but that time passes.
      if (course.soakSince !== undefined) world.now += 29 * MINUTE;
    }
    expect([...rings]).toEqual(Array.from({ length: LAST_RING + 1 }, (_, ring) => ring));
    const { course, evidence } = (await world.hub().reader.find(rolloutId))!;
    expect(course.state).toBe('complete');
    expect(evidence!.checks.every(({ ok }) => ok)).toBe(true);
    expect(await world.states(rolloutId)).toEqual({ confirmed: 120 });
    expect(new Set(world.sent.map(({ id }) => Buffer.from(id).toString('hex'))).size).toBe(120);
    // Whoever comes late is given it as well.
    await world.sql`update node_updates set version = '1.0.0' where node_id = ${world.nodes[0]!.nodeId}`;
    await world.sql`delete from rollout_nodes where node_id = ${world.nodes[0]!.nodeId}`;
    const hub = world.hub();
    await world.minute(hub);
    await world.minute(hub);
    expect(await world.states(rolloutId)).toEqual({ confirmed: 120 });
  }, 60_000);

  it('halts by itself where three owners fail, takes back what has not begun, and goes on by hand only', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const { rolloutId } = await world.create();
    for (const { nodeId } of world.nodes) world.manner.set(nodeId, 'rolled-back');
    const hub = world.hub();
    for (let minute = 0; minute < 5; minute += 1) await world.minute(hub);
    const { course, evidence } = (await hub.reader.find(rolloutId))!;
    expect(course.state).toBe('halted');
    expect(course.reason).toContain('failures in');
    expect(evidence!.failing.length).toBeGreaterThanOrEqual(3);
    const states = await world.states(rolloutId);
    expect(states['rolled-back']! + states['waiting']!).toBe(120);
    const [stuck] = await hub.reader.stuck(rolloutId, world.now);
    expect(stuck).toMatchObject({
      state: 'rolled-back',
      reason: 'crashed',
      lastLines: ['Error: it broke', '    at start'],
    });
    const sent = world.sent.length;
    await world.minute(hub);
    expect(world.sent).toHaveLength(sent);
    for (const { nodeId } of world.nodes) world.manner.set(nodeId, 'confirmed');
    await hub.desk.act(world.admin, rolloutId, { act: 'resume', reason: 'the fault was ours' });
    expect(await hub.desk.stuck(world.admin, rolloutId, { act: 'retry' })).toBe(states['rolled-back']);
    await world.minute(hub);
    await world.minute(hub);
    expect((await hub.reader.find(rolloutId))!.course.state).toBe('running');
    expect(world.sent.length).toBeGreaterThan(sent);
    const acts = await world.sql<{ act: string }[]>`select act from audit_log order by seq`;
    expect(acts.map(({ act }) => act)).toEqual(['rollout.create', 'rollout.resume', 'rollout.retry']);
  }, 60_000);

  it('sets one owner aside who fails alone, and names them', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const { rolloutId } = await world.create();
    const [first] = await world.sql<{ owner: string }[]>`
      select owner from rollout_nodes where rollout_id = ${rolloutId} and ring <= 1 order by bucket limit 1`;
    for (const { nodeId, owner } of world.nodes)
      if (owner === first!.owner) world.manner.set(nodeId, 'failed');
    const hub = world.hub();
    for (let minute = 0; minute < 5; minute += 1) await world.minute(hub);
    const { course, evidence } = (await hub.reader.find(rolloutId))!;
    expect(course.state).toBe('running');
    expect(evidence!.setAside).toEqual([first!.owner]);
    const stale = { ...world.admin, confirmedAt: world.now - 24 * HOUR };
    for (const act of [
      () => hub.desk.lift(stale, rolloutId, first!.owner),
      () => hub.desk.stuck(stale, rolloutId, { act: 'retry' }),
    ])
      await expect(act()).rejects.toMatchObject({ status: 403 });
    await hub.desk.lift(world.admin, rolloutId, first!.owner);
    await world.minute(hub);
    expect((await hub.reader.find(rolloutId))!.evidence!.setAside).toEqual([]);
  });

  it('F09 ends what gives no word: stuck where the node is heard, vanished where it is not, and back by a late word', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const { rolloutId } = await world.create();
    const ring = await world.sql<{ node_id: string }[]>`
      select node_id from rollout_nodes where rollout_id = ${rolloutId} and ring <= 1 order by bucket`;
    const [quiet, mute] = ring.map(({ node_id }) => node_id);
    world.manner.set(quiet!, 'silent');
    world.manner.set(mute!, 'assigned');
    const hub = world.hub();
    const place = async (nodeId: string) => (await hub.reader.places(nodeId))[0]!.state;
    for (let minute = 0; minute < 3; minute += 1) await world.minute(hub);
    expect(await place(mute!)).toBe('assigned');
    world.now += 2 * HOUR;
    await world.minute(hub);
    expect([await place(quiet!), await place(mute!)]).toEqual(['vanished', 'stuck']);
    const [row] = await world.sql<{ id: Uint8Array }[]>`
      select assignment_id as id from rollout_nodes where node_id = ${mute!}`;
    const mine = world.sent.find(({ id }) => Buffer.from(id).equals(row!.id))!;
    await hub.statuses.take([
      { nodeId: mute!, status: world.status({ assignment: mine, state: 'confirmed' }), at: world.now },
    ]);
    expect(await place(mute!)).toBe('confirmed');
  });

  it('F10 hears no word about another assignment, and logs an end once however often it is told', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const { rolloutId } = await world.create();
    const hub = world.hub();
    await world.assign(hub);
    await hub.sender.tell(undefined);
    const [nodeId, assignment] = [...world.asked][0]!;
    const stale = { ...assignment, id: new Uint8Array(16).fill(7) };
    const say = (given: typeof assignment, state: 'confirmed' | 'rolled-back') =>
      hub.statuses.take([{ nodeId, status: world.status({ assignment: given, state }), at: world.now }]);
    expect(await say(stale, 'confirmed')).toEqual([]);
    expect(await say(assignment, 'rolled-back')).toEqual([nodeId]);
    expect(await say(assignment, 'rolled-back')).toEqual([]);
    expect((await hub.reader.history(nodeId)).map(({ state }) => state)).toEqual([
      'rolled-back',
      'confirmed',
    ]);
    // The node has shown it: it is not asked again, in this session or the next.
    const sent = world.sent.length;
    await hub.sender.tell([nodeId]);
    expect(world.sent).toHaveLength(sent);
    expect((await world.states(rolloutId))['rolled-back']).toBe(1);
  });
});

describe('PAUSE ALL', () => {
  it('holds back what was assigned before, over restarts, until a person lets go', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    const { rolloutId } = await world.create();
    await world.assign(world.hub());
    await world.hub().desk.pauseAll(world.admin, { paused: true, reason: 'look at this' });
    await world.hub().sender.tell(undefined);
    for (let minute = 0; minute < 3; minute += 1) await world.minute(world.hub());
    expect(world.sent).toEqual([]);
    expect(await world.hub().pauseAll.read()).toMatchObject({ paused: true, by: { reason: 'look at this' } });
    await world.hub().desk.pauseAll(world.admin, { paused: false, reason: '' });
    await world.hub().sender.tell(undefined);
    expect(world.sent.length).toBeGreaterThan(0);
    expect((await world.hub().reader.find(rolloutId))!.course.state).toBe('running');
  });

  it('fails closed: a word that nobody can read is a pause', async () => {
    const world = await RolloutWorld.open(database, { owners: 40, each: 3 });
    await world.create();
    await world.assign(world.hub());
    for (const word of ['', '{', 'NO', '{"actor":1}']) {
      await world.sql`insert into region_settings values ('updates-paused', ${Buffer.from(word)})
        on conflict (name) do update set value = excluded.value`;
      expect((await world.hub().pauseAll.read()).paused).toBe(true);
      await world.hub().sender.tell(undefined);
      await world.minute(world.hub());
    }
    expect(world.sent).toEqual([]);
  });
});

describe('the wishes of owners', () => {
  const since = Date.UTC(2026, 10, 26);
  const wishes = [
    NO_WISH,
    ...['1.0.0', '1.1.0'].map((pin) => ({ ...NO_WISH, pin })),
    ...[since + HOUR, since + 2 * MOST_DEFERRED_MS].map((deferUntil) => ({ ...NO_WISH, deferUntil })),
    ...['02:00-04:00', '22:00-01:00', '03:00-03:00', 'at night'].map((window) => ({ ...NO_WISH, window })),
  ];
  const times = [0, 30 * MINUTE, HOUR, 3 * HOUR, 22 * HOUR, NOTICE_MS, MOST_DEFERRED_MS].map(
    (past) => since + past,
  );
  const moments = times.flatMap((now) => [false, true].map((security) => ({ now, security })));

  async function say(
    { sql, nodes }: RolloutWorld,
    where: string,
    { pin, window, deferUntil }: UpdateWish,
  ): Promise<void> {
    const until = deferUntil === 0 ? null : new Date(deferUntil);
    await sql`truncate update_wishes`;
    await sql`update node_updates set pin = '', "window" = '', defer_until = null`;
    if (where === 'host')
      await sql`update node_updates set pin = ${pin}, "window" = ${window}, defer_until = ${until}`;
    else
      await sql`insert into update_wishes (subject, channel, pin, defer_until, "window", changed_by, changed_at)
        values (${where === 'node' ? nodes[0]!.nodeId : nodes[0]!.owner}, 'stable', ${pin}, ${until}, ${window}, '', now())`;
  }

  it.each(['node', 'owner', 'host'])(
    'hold nodes back in the database as the plan says: of the %s',
    async (where) => {
      const world = await RolloutWorld.open(database, { owners: 1, each: 1 });
      const { sql } = world;
      for (const wish of wishes) {
        await say(world, where, wish);
        const found = await Promise.all(
          moments.map(async ({ now, security }) => {
            const [row] = await sql<{ held: boolean }[]>`
            select (${held(sql, { cargo: { kind: 'payload' }, version: '1.1.0', security, createdAt: since }, now)}) as held
            from nodes n join node_updates u using (node_id) left join update_wishes wn on wn.subject = n.node_id
            left join update_wishes wo on wo.subject = n.owner and wn.subject is null`;
            return row!.held;
          }),
        );
        const planned = moments.map((by) => heldBy(wish, { ...by, version: '1.1.0', since }) !== undefined);
        expect({ wish, found }).toEqual({ wish, found: planned });
      }
    },
  );
});
