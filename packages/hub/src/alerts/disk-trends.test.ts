import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { DiskTrends } from './disk-trends.ts';
import { AlertWorld, MINUTE } from './evaluator.fixture.ts';

const GIB = 1024 ** 3;

describe('the trend of a disk', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());

  it('tells from two days on when it is full, and keeps a week of samples', async () => {
    const { sql } = database;
    const world = await AlertWorld.start(sql);
    const trends = new DiskTrends({ sql, clock: world.clock });
    const evaluator = world.evaluator();
    const [filling, steady] = await world.addNodes(2);
    const trend = async () =>
      (
        await sql`select node_id, bytes_per_day, cardinality(at) as samples from disk_trends order by bytes_per_day`
      ).map((row) => [row['node_id'], row['bytes_per_day'], row['samples']]);
    const pass = async (samples: number, from = 0) => {
      for (let sample = from; sample < from + samples; sample += 1) {
        await world.beat();
        await sql`update node_status set disk = 0.5, disk_free = case when node_id = ${filling!}
          then ${500 * GIB}::bigint - ${sample}::bigint * ${10 * GIB}::bigint else ${500 * GIB}::bigint end`;
        await trends.tick();
        await trends.tick();
        await evaluator.tick();
        world.clock.time += 6 * 60 * MINUTE;
      }
    };
    await pass(8);
    expect((await trend()).map(([, rate]) => rate)).toEqual([null, null]);
    await pass(2, 8);
    expect(await trend()).toEqual([
      [filling, BigInt(40 * GIB), 10],
      [steady, null, 10],
    ]);
    expect(await world.told()).toEqual([]);
    await pass(20, 10);
    expect((await trend()).map(([, , samples]) => samples)).toEqual([28, 28]);
    const [only, ...again] = await world.told();
    expect([only?.message.items[0]?.subject, only?.message.items[0]?.notice]).toEqual([filling, 'firing']);
    expect(new Set(again.map(({ message }) => Object.keys(message.counts)[0]))).toEqual(
      new Set(['reminder disk-forecast']),
    );
    expect(only?.message.items[0]?.evidence).toContainEqual({ name: 'Fills by', value: '40.0 GiB a day' });
  });
});
