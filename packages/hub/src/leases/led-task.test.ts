import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { LedTask } from './led-task.ts';

let database: DbAdapter;
beforeAll(async () => {
  database = await openTemporary();
}, 60_000);
afterAll(() => database.close());

it('runs in one process, in another once the first is silent for three periods, and at once when it was let go', async () => {
  let now = 1_000_000;
  const ran: string[] = [];
  const led = (holder: string) =>
    new LedTask(
      { name: 'example', periodMs: 30_000, tick: () => void ran.push(holder) },
      { sql: database.sql, clock: { now: () => now }, holder },
    );
  const [one, two] = [led('one'), led('two')];
  const both = async () => {
    ran.length = 0;
    await Promise.all([one.tick(), two.tick()]);
    return [...ran];
  };
  const [first] = await both();
  const [leader, other] = first === 'one' ? [one, two] : [two, one];
  const otherName = first === 'one' ? 'two' : 'one';
  now += 60_000;
  expect(await both()).toEqual([first]);
  now += 89_999;
  await other.tick();
  expect(ran).toEqual([first]);
  const epoch = await leader.lease.hold();
  now += 90_000;
  ran.length = 0;
  await other.tick();
  expect(ran).toEqual([otherName]);
  const fenced = await database.sql.begin((tx) => leader.lease.fence(tx, epoch!));
  expect(fenced).toBe(false);
  expect(await both()).toEqual([otherName]);
  await other.release();
  ran.length = 0;
  await leader.tick();
  expect(ran).toEqual([first]);
});
