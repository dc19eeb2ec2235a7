import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiKeyStore } from '#api-keys/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { Lease } from '../leases/index.ts';
import { keyRule } from './account-watch.ts';
import { AlertWorld, MINUTE, START } from './evaluator.fixture.ts';
import { headline, textOf } from './message.ts';

describe('the evaluator', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: AlertWorld;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    world = await AlertWorld.start(database.sql);
  });

  it('tells a node that falls silent after five minutes, and its return after one', async () => {
    const [lost, ...others] = await world.addNodes(3);
    const evaluator = world.evaluator();
    await evaluator.tick();
    await world.pass(6, evaluator, others);
    expect(await world.tale()).toEqual(['5 owner firing offline']);
    await world.pass(3, evaluator, [lost!, ...others]);
    expect(await world.tale()).toEqual(['5 owner firing offline', '7.5 owner recovered offline']);
    const history = await database.sql`select change, label, rule from alerts order by id`;
    expect(history.map((row) => `${row['change']} ${row['label']} ${row['rule']}`)).toEqual([
      'firing node-0 offline',
      'recovered node-0 offline',
    ]);
    expect(await database.sql`select 1 from alert_states`).toHaveLength(0);
  });

  it('shows and does not tell what it finds at first sight', async () => {
    await world.addNodes(1, {
      prefix: 'dead',
      heard: START - 60 * MINUTE,
    });
    const disk = await world.addNodes(1, { prefix: 'full' });
    await database.sql`update node_status set disk = 0.97 where node_id = any(${disk}::text[])`;
    const evaluator = world.evaluator();
    await evaluator.tick();
    await world.pass(10, evaluator, disk);
    expect(await world.tale()).toEqual([]);
    const open =
      await database.sql`select rule, silent from alert_states where phase = 'firing' order by rule`;
    expect(open.map((row) => `${row['rule']} ${row['silent']}`)).toEqual([
      'disk-full true',
      'disk-high true',
      'offline true',
    ]);
  });

  it('tells what began a moment before it looked for the first time', async () => {
    await world.addNodes(1, { heard: START - 2 * MINUTE });
    await world.pass(4, world.evaluator());
    expect(await world.tale()).toEqual(['3 owner firing offline']);
  });

  it('knows behind, forked, disk with its hysteresis, clone and quarantine', async () => {
    const ids = await world.addNodes(6);
    const [behind, forked, disk, clone, jailed] = ids;
    const evaluator = world.evaluator();
    await evaluator.tick();
    const { sql } = database;
    await sql`update node_status set forked = true where node_id = ${forked!}`;
    await sql`update node_status set disk = 0.86 where node_id = ${disk!}`;
    await sql`update nodes set disputed_at = ${new Date(START)} where node_id = ${clone!}`;
    await sql`update nodes set quarantined_at = ${new Date(START)}, quarantine_reason = 'copy' where node_id = ${jailed!}`;
    for (let half = 1; half <= 24; half += 1) {
      world.clock.time += MINUTE / 2;
      const now = new Date(world.clock.time);
      await sql`update node_status set last_seen = ${now}`;
      await sql`update node_status set at_tip_at = ${now} where node_id <> all(${[behind!, forked!]}::text[])`;
      await evaluator.tick();
    }
    await sql`update node_status set disk = 0.84`;
    await world.pass(3, evaluator, ids);
    expect((await world.tale()).toSorted()).toEqual([
      '0.5 owner firing clone',
      '0.5 owner firing quarantined',
      '10 owner firing behind',
      '13.5 owner recovered behind',
      '13.5 owner recovered forked',
      '2 owner firing forked',
      '5.5 owner firing disk-high',
    ]);
    await sql`update node_status set disk = 0.80`;
    await world.pass(2, evaluator, ids);
    expect((await world.tale()).at(-1)).toContain('recovered disk-high');
  });

  it('tells nothing of a node that is behind as having caught up when it falls silent', async () => {
    const [node] = await world.addNodes(1);
    const evaluator = world.evaluator();
    await evaluator.tick();
    for (let half = 1; half <= 22; half += 1) {
      world.clock.time += MINUTE / 2;
      await database.sql`update node_status set last_seen = ${new Date(world.clock.time)}`;
      await evaluator.tick();
    }
    await world.pass(8, evaluator);
    expect(await world.tale()).toEqual([
      expect.stringContaining('firing behind'),
      expect.stringContaining('firing offline'),
    ]);
    await world.pass(3, evaluator, [node!]);
    expect(await world.tale()).toHaveLength(4);
  });

  it('F03: thousands of nodes that fall silent together are one notice to the admins', async () => {
    for (let owner = 0; owner < 10; owner += 1)
      await world.addNodes(300, { owner: `o${owner}@stoa.example`, prefix: `n${owner}` });
    const evaluator = world.evaluator();
    await evaluator.tick();
    world.clock.time += 2 * MINUTE;
    // As MassExpiry does, 80 s after the last frame.
    world.liveness.freeze(START);
    world.frozen = { since: START, nodes: 3_000 };
    for (let ticks = 0; ticks < 4; ticks += 1) {
      world.clock.time += 7 * MINUTE;
      await evaluator.tick();
    }
    expect(await world.tale()).toEqual(['9 admin firing mass-silence']);
    expect((await world.told())[0]?.message.items[0]?.evidence).toContainEqual({
      name: 'Nodes that fell silent at hub-1',
      value: '3000',
    });
    world.liveness.thaw();
    world.frozen = undefined;
    await world.beat();
    const [dead, ...alive] = (
      await database.sql<{ node_id: string }[]>`select node_id from nodes where owner = 'o1@stoa.example'`
    ).map((row) => row.node_id);
    await database.sql`update node_status set last_seen = ${new Date(START)} where node_id = ${dead!}`;
    await evaluator.tick();
    await world.pass(2, evaluator, alive);
    expect((await world.tale()).slice(1)).toEqual([
      '30 o1 firing offline',
      '31 admin recovered mass-silence',
    ]);
  });

  it('stands still for silence where another instance froze, and only for that', async () => {
    const ids = await world.addNodes(2);
    const evaluator = world.evaluator();
    await evaluator.tick();
    await database.sql`insert into region_freezes values ('hub-2', ${new Date(START)}, 40, ${new Date(START + 60 * MINUTE)})`;
    await database.sql`update nodes set disputed_at = ${new Date(START)} where node_id = ${ids[0]!}`;
    await world.pass(20, evaluator);
    expect(await world.tale()).toEqual(['0.5 admin firing mass-silence', '0.5 owner firing clone']);
  });

  it('makes one notice of many of one owner, at once or trickling in', async () => {
    const ids = await world.addNodes(1_000);
    await world.addNodes(2, { owner: 'small@stoa.example', prefix: 's' });
    const evaluator = world.evaluator();
    await evaluator.tick();
    await world.pass(5, evaluator, ids.slice(800));
    expect(await world.tale()).toEqual([
      expect.stringMatching(/5 (owner 800 firing offline|small firing offline)/),
      expect.stringMatching(/5 (owner 800 firing offline|small firing offline)/),
      '5 small firing offline',
    ]);
    const group = (await world.told()).find(({ message }) => message.kind === 'group')!;
    expect(group.message.items).toHaveLength(20);
    await database.sql`update alert_deliveries set status = 'sent'`;
    // What trickles in within the minute waits for its end, as one.
    await database.sql`update nodes set disputed_at = ${new Date(START)} where node_id = ${ids[900]!}`;
    await world.pass(0.5, evaluator, ids.slice(800));
    await database.sql`update nodes set disputed_at = ${new Date(START)} where node_id = any(${ids.slice(901, 903)}::text[])`;
    world.clock.time += 10_000;
    await evaluator.tick();
    expect((await world.tale()).slice(3)).toEqual(['5.5 owner 3 firing clone']);
    const [waiting] = await database.sql`select next_at from alert_deliveries order by seq desc limit 1`;
    expect(waiting?.['next_at']).toEqual(new Date(START + 6 * MINUTE));
  });

  it('holds back what falls into a mute or a maintenance window, and tells what outlasts it', async () => {
    const [muted, served, free] = await world.addNodes(3);
    const silence = async (id: string, over: object) =>
      await database.sql`insert into alert_silences ${database.sql({
        ...{
          id,
          owner: 'owner@stoa.example',
          kind: 'maintenance',
          selector: '',
          reason: 'disk swap',
          created_by: 'owner@stoa.example',
        },
        ...{
          starts_at: new Date(START),
          ends_at: new Date(START + 20 * MINUTE),
          node_id: null,
          rule: null,
          ...over,
        },
      })}`;
    await silence('a', { kind: 'mute', node_id: muted!, rule: 'offline' });
    await silence('b', { selector: 'node-1' });
    const evaluator = world.evaluator();
    await evaluator.tick();
    await world.pass(12, evaluator);
    expect(await world.tale()).toEqual(['5 owner firing offline']);
    expect((await world.told())[0]?.message.items[0]?.subject).toBe(free);
    await world.pass(9, evaluator, [muted!]);
    expect(await world.tale()).toEqual(['5 owner firing offline', '20 owner firing offline']);
    expect((await world.told())[1]?.message.items[0]?.subject).toBe(served);
  });

  it('follows what owners change: off, another delay, a selector', async () => {
    const ids = await world.addNodes(3);
    const setRule = async (rule: string, over: object) =>
      await database.sql`insert into alert_rules ${database.sql({
        ...{
          owner: 'owner@stoa.example',
          rule,
          enabled: true,
          delay_ms: 5 * MINUTE,
          selector: '',
          changed_at: new Date(START),
        },
        ...over,
      })}`;
    await setRule('offline', { delay_ms: 15 * MINUTE, selector: 'node-1' });
    await setRule('clone', { enabled: false });
    await database.sql`update nodes set disputed_at = ${new Date(START)}`;
    const evaluator = world.evaluator();
    await evaluator.tick();
    await world.pass(20, evaluator);
    expect(await world.tale()).toEqual(['15 owner firing offline']);
    expect((await world.told())[0]?.message.items[0]?.subject).toBe(ids[1]);
  });

  it('closes, untold, the alerts of a node that is retired or given away', async () => {
    const [retired, given] = await world.addNodes(2);
    const evaluator = world.evaluator();
    await evaluator.tick();
    await world.pass(6, evaluator);
    await database.sql`update nodes set retired_at = now() where node_id = ${retired!}`;
    await database.sql`update nodes set owner = 'new@stoa.example' where node_id = ${given!}`;
    await world.pass(3, evaluator);
    expect(await world.tale()).toEqual(['5 owner firing offline', '5 owner firing offline']);
    const states = await database.sql`select owner, silent from alert_states`;
    expect(states).toEqual([{ owner: 'new@stoa.example', silent: true }]);
  });

  it('shows the alerts of a demonstration, and writes to nobody', async () => {
    await world.addNodes(2);
    await database.sql`update nodes set simulated = true`;
    const evaluator = world.evaluator();
    await evaluator.tick();
    await world.pass(6, evaluator);
    expect([
      await world.tale(),
      (await database.sql`select 1 from alert_states where phase = 'firing'`).length,
    ]).toEqual([[], 2]);
  });

  it('warns of a certificate that was not renewed, once', async () => {
    const expiries = () => [{ name: 'hub-1', notAfter: START + 60 * MINUTE, warnMs: 50 * MINUTE }];
    const evaluator = world.evaluator({ expiries });
    await evaluator.tick();
    await world.pass(12, evaluator);
    expect(await world.tale()).toEqual(['10.5 admin firing certificate']);
  });

  it('tells admins of a rollout that halted and of evidence that was refused, and owners of an update that did not stay, until it does', async () => {
    const { sql } = database;
    await sql`truncate node_updates`;
    const halted = [
      { rolloutId: 'r', label: 'The rollout of payload 1.2.0', since: START, reason: 'crashes' },
    ];
    const ids = await world.addNodes(2);
    const evaluator = world.evaluator({
      haltedRollouts: async () => halted,
      refusedEvidence: () => halted.map(({ since }) => ({ subject: 'hub-2', since, what: 'altered' })),
    });
    await world.pass(1, evaluator, ids);
    await sql`insert into node_updates (node_id, state, since, reason, detail, last_lines, target, version, slot, runtime,
        platform, launcher, update_only, previous, blacklist, root_version, targets_version, timestamp_version, channel,
        pin, "window", said_at)
      values (${ids[0]!}, 'rolled-back', ${new Date(world.clock.time)}, 'crashed', '', '{}', '1.2.0', '1.1.0', '', '', '',
        '', false, '{}', '{}', 1, 1, 1, 'stable', '', '', now())`;
    await world.pass(1, evaluator, ids);
    halted.pop();
    await sql`update node_updates set state = 'confirmed'`;
    await world.pass(2, evaluator, ids);
    expect((await world.tale()).map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([
      'admin firing rollout-halted',
      'admin firing evidence-refused',
      'owner firing update-failed',
      'admin recovered rollout-halted',
      'admin recovered evidence-refused',
      'owner recovered update-failed',
    ]);
  });

  it('tells of an API key in its last week, once, and again as it ends; revoked, it is told of no more', async () => {
    const { sql } = database;
    await sql`truncate api_keys`;
    const store = new ApiKeyStore(sql);
    const day = 24 * 60 * MINUTE;
    const add = (keyId: string, life: { createdAt: number; expiresAt: number }) =>
      store.add(
        { keyId, owner: 'owner@stoa.example', name: keyId, scopes: ['nodes:read'], ...life },
        new Uint8Array(32),
      );
    await add('month', { createdAt: START - 22 * day, expiresAt: START + 8 * day });
    await add('revoked', { createdAt: START - 22 * day, expiresAt: START + 7 * day + MINUTE });
    await add('fresh', { createdAt: START, expiresAt: START + 300 * day });
    await add('forgotten', { createdAt: START - 60 * day, expiresAt: START - 20 * day });
    const evaluator = world.evaluator({ endingKeys: (span) => store.ending(span) });
    const at = async (days: number) => {
      world.clock.time = START + days * day;
      await evaluator.tick();
    };
    for (const days of [0, 1, 1.01, 2, 3]) await at(days);
    await store.revoke('revoked', 'owner@stoa.example', world.clock.time);
    for (const days of [4, 7.9, 8, 9, 15.1, 16]) await at(days);
    const told = await world.told();
    expect(told.map(({ at: when, message }) => [(when - START) / day, headline(message)])).toEqual([
      [1, 'Alert: API key revoked: API key ends soon'],
      [1, 'Alert: API key month: API key ends soon'],
      [8, 'Alert: API key month: API key ended'],
    ]);
    expect(textOf(told[2]!.message, 'https://hub.example')).toContain(
      'https://hub.example/settings/api-keys',
    );
    expect(await sql`select 1 from alert_states`).toHaveLength(0);
  });

  it('gives a key for a day its last quarter as notice', () => {
    const hour = 60 * MINUTE;
    const key = { keyId: 'k', owner: 'o', name: 'n', createdAt: START, expiresAt: START + 24 * hour };
    const holds = (hours: number) => keyRule(key, START + hours * hour);
    expect([17.9, 18, 23.9, 24, 24 + 7 * 24 - 0.1, 24 + 7 * 24].map(holds)).toEqual([
      undefined,
      'api-key-ending',
      'api-key-ending',
      'api-key-ended',
      'api-key-ended',
      undefined,
    ]);
  });

  describe('of two instances', () => {
    it('one evaluates; the other takes over within a minute of its death, and nothing is told twice', async () => {
      const [lost] = await world.addNodes(2);
      const first = world.evaluator({ instance: 'hub-1' });
      const second = world.evaluator({ instance: 'hub-2' });
      const both = async () => await Promise.all([first.tick(), second.tick()]);
      await both();
      for (let half = 0; half < 12; half += 1) {
        world.clock.time += MINUTE / 2 - 5_000;
        await both();
      }
      expect([first.epoch, second.epoch].filter((epoch) => epoch !== undefined)).toEqual([1]);
      const survivor = first.epoch === undefined ? first : second;
      const diedAt = world.clock.time;
      while (survivor.epoch === undefined) {
        world.clock.time += 10_000;
        await survivor.tick();
      }
      expect(world.clock.time - diedAt).toBeLessThanOrEqual(60_000);
      expect(survivor.epoch).toBe(2);
      await world.pass(2, survivor, [lost!]);
      const tale = await world.tale();
      expect(tale.filter((line) => line.includes('firing'))).toHaveLength(2);
      expect(tale.filter((line) => line.includes('recovered'))).toHaveLength(1);
    });

    it('an instance that was overtaken while it slept writes nothing', async () => {
      const { sql, clock } = world;
      await world.addNodes(1, { heard: START - 4 * MINUTE });
      const real = new Lease({ sql, clock, name: 'alerts', holder: 'hub-1' });
      const asleep = Object.assign(Object.create(real) as Lease, {
        hold: async () => {
          const epoch = await real.hold();
          // It is descheduled here; another takes the lease meanwhile.
          clock.time += 40_000;
          await new Lease({ sql, clock, name: 'alerts', holder: 'hub-2' }).hold();
          return epoch;
        },
        fence: (transaction: typeof sql, epoch: number) => real.fence(transaction, epoch),
      });
      await world.evaluator({ lease: asleep }).tick();
      const written =
        await sql`select (select count(*) from alert_watch)::int as watched, (select count(*) from alert_states)::int as held`;
      expect(written).toEqual([{ watched: 0, held: 0 }]);
    });
  });
});
