import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { saveRequiredChainweb } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { AlertWorld, MINUTE, START } from './evaluator.fixture.ts';

describe('a required chainweb version', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: AlertWorld;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    world = await AlertWorld.start(database.sql);
  });

  it('is what nodes are held against, and presses from a week before the date', async () => {
    const { sql } = database;
    const ids = await world.addNodes(4);
    const [old, silent, unread] = ids;
    const evaluator = world.evaluator();
    await sql`update nodes set chainweb_version = '2.27.1'`;
    await sql`update nodes set chainweb_version = '2.26.9' where node_id = any(${[old!, silent!]}::text[])`;
    await sql`update nodes set chainweb_version = null where node_id = ${unread!}`;
    await world.pass(1, evaluator, ids);
    const required = { version: '2.27', by: START + 8 * 24 * 60 * MINUTE, setAt: START };
    await saveRequiredChainweb(sql, required);
    await world.pass(61, evaluator, ids);
    const outdated = '61.5 owner firing chainweb-outdated';
    expect(await world.tale()).toEqual([outdated, outdated]);
    const [item] = (await world.told())[0]!.message.items;
    expect(item?.evidence).toEqual([
      { name: 'It runs', value: '2.26.9' },
      { name: 'Required', value: '2.27' },
      { name: 'By', value: expect.stringContaining('2026') as unknown },
    ]);
    // What can not be read for now is not newer for that; who upgrades has recovered.
    await sql`update nodes set chainweb_version = null where node_id = ${silent!}`;
    await sql`update nodes set chainweb_version = '2.28' where node_id = ${old!}`;
    await world.pass(2, evaluator, ids);
    expect((await world.tale()).slice(2)).toEqual(['63.5 owner recovered chainweb-outdated']);
    await sql`update nodes set chainweb_version = '2.26.9' where node_id = ${silent!}`;
    await saveRequiredChainweb(sql, { ...required, by: START + 7 * 24 * 60 * MINUTE });
    await world.pass(61, evaluator, ids);
    expect((await world.tale()).slice(3)).toEqual(['124.5 owner firing chainweb-pressing']);
    await saveRequiredChainweb(sql, undefined);
    await world.pass(2, evaluator, ids);
    expect((await world.tale()).slice(4).toSorted()).toEqual([
      '126.5 owner recovered chainweb-outdated',
      '126.5 owner recovered chainweb-pressing',
    ]);
  });
});
