import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { EventRetention } from './event-retention.ts';

const NOW = Date.UTC(2026, 10, 25);
const DAY = 86_400_000;
let database: DbAdapter;

beforeAll(async () => {
  database = await openTemporary();
}, 60_000);
afterAll(() => database.close());

it('lets what is passing go after 30 days, and keeps the rest', async () => {
  const { sql } = database;
  const clock = { time: NOW, now: () => clock.time };
  const retention = new EventRetention({ sql, clock });
  await retention.tick();
  const add = (days: number, kind: string) => sql`insert into node_events (at, node_id, kind, detail)
    values (${new Date(NOW - days * DAY)}, ${'a'.repeat(64)}, ${kind}, '{}')`;
  for (const days of [40, 31, 29, 0])
    for (const kind of ['session-opened', 'live-clone']) await add(days, kind);
  const left = async () => {
    const rows = await sql<{ at: Date; kind: string }[]>`select at, kind from node_events order by id`;
    return rows.map(({ at, kind }) => `${(NOW - at.getTime()) / DAY} ${kind}`);
  };
  await retention.tick();
  expect(await left()).toEqual([
    '40 live-clone',
    '31 live-clone',
    '29 session-opened',
    '29 live-clone',
    '0 session-opened',
    '0 live-clone',
  ]);
  clock.time += 2 * DAY;
  await retention.tick();
  expect(await left()).not.toContain('29 session-opened');
  expect(await left()).toContain('0 session-opened');
});
