import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AlertWorld, MINUTE, START } from '#alerts/evaluator.fixture.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { silentAfterMs } from './silence.ts';
import { SilentKeys } from './silent-keys.ts';
import { MiningStore } from './store.ts';

const [KEY, YOUNG] = ['a1', 'b2'].map((pair) => pair.repeat(32)) as [string, string];
const GAP_MS = 20 * MINUTE;
const CHAINS = 2;

describe('a mining key that falls silent', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: AlertWorld;
  let store: MiningStore;
  let height: number;
  let nodes: string[];
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    const { sql } = database;
    world = await AlertWorld.start(sql);
    await sql`truncate mined_blocks, mined_days, mining_progress, node_descriptions`;
    store = new MiningStore(sql);
    height = 1;
    for (let chain = 0; chain < CHAINS; chain += 1)
      await store.begin({ chain, height, hash: `${chain} 1`, at: START - 3 * 86_400_000 });
    nodes = await world.addNodes(2);
    await mineTo(nodes, KEY);
  });

  async function mineTo(nodeIds: readonly string[], key: string): Promise<void> {
    await database.sql`insert into node_descriptions (node_id, agent_version, chainweb_version, supervision, argv, host, described_at)
      select id, '1', null, 'systemd', ${database.sql.json(['chainweb-node', `--mining-public-key=${key}`])}, '{}', now()
      from unnest(${[...nodeIds]}::text[]) as t(id)
      on conflict (node_id) do update set argv = excluded.argv`;
  }

  /** A height of all chains: the block of the first is the key's, those of the others are somebody else's. */
  async function block(key: string, at: number, chains = CHAINS): Promise<void> {
    height += 1;
    for (const place of (await store.progress()).slice(0, chains)) {
      const { chain } = place;
      await store.advance(place, [
        { chain, height, hash: `${chain} ${height}`, key: chain === 0 ? key : 'cc'.repeat(32), at },
      ]);
    }
  }

  const evaluator = () => {
    const keys = new SilentKeys({ sql: database.sql, clock: world.clock });
    return world.evaluator({ silentKeys: (told) => keys.read(told) });
  };
  const history = async (blocks: number, key = KEY) => {
    for (let i = blocks; i > 0; i -= 1) await block(key, START - i * GAP_MS);
  };
  /** Time passes; others mine, so that chains are counted up to then, as far as they are. */
  async function wait(minutes: number, by: ReturnType<typeof evaluator>, chains = CHAINS): Promise<void> {
    for (let passed = 0; passed < minutes; passed += 10) {
      world.clock.time += 10 * MINUTE;
      await world.beat(nodes);
      await by.tick();
      await block('dd'.repeat(32), world.clock.time, chains);
    }
  }
  const tale = async () => (await world.tale()).map((line) => line.slice(line.indexOf(' ') + 1));

  it('is told to its owner once, with the evidence, and again when it found a block', async () => {
    await history(50);
    const alerts = evaluator();
    const after = silentAfterMs({ blocks: 50, firstAt: 0, lastAt: 49 * GAP_MS })! / MINUTE;
    await wait(after - 40, alerts);
    expect(await tale()).toEqual([]);
    await wait(70, alerts);
    expect(await tale()).toEqual(['owner firing mining-silent']);
    const [item] = (await world.told())[0]!.message.items;
    expect(item).toMatchObject({
      label: `Mining key ${KEY.slice(0, 8)}…`,
      evidence: [
        { name: 'Last block', at: START - GAP_MS },
        { name: 'None in', value: expect.stringContaining('h') as unknown },
        { name: 'Its last 50 came every', value: '20 min' },
        { name: 'Mined to by', value: 'node-0, node-1' },
      ],
    });
    await wait(600, alerts);
    expect(await tale()).toHaveLength(1);
    await block(KEY, world.clock.time);
    await world.pass(10, alerts, nodes);
    expect(await tale()).toEqual(['owner firing mining-silent', 'owner recovered mining-silent']);
  });

  it('is not told of one without a history, nor while a chain is not counted', async () => {
    await mineTo([nodes[1]!], YOUNG);
    await history(9, YOUNG);
    await history(50);
    const alerts = evaluator();
    await wait(2_000, alerts, 1);
    expect(await tale()).toEqual([]);
  });

  it('closes untold where none of the owner’s nodes mines to it any more', async () => {
    await history(50);
    const alerts = evaluator();
    await wait(400, alerts);
    expect(await tale()).toEqual(['owner firing mining-silent']);
    await mineTo(nodes, YOUNG);
    await wait(30, alerts);
    expect(await tale()).toEqual(['owner firing mining-silent']);
    expect(await database.sql`select change from alerts order by id`).toEqual([
      { change: 'firing' },
      { change: 'closed' },
    ]);
  });
});
