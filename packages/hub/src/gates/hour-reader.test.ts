import { MINUTES_MASK } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { HourReader } from './hour-reader.ts';
import { WordStore } from './word-store.ts';

const HOUR = 494_000;
const NODE = 'a'.repeat(64);
const bits = (from: number, until: number) => (1n << BigInt(until)) - (1n << BigInt(from));

describe('hours as people look at them', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let reader: HourReader;
  let words: WordStore;
  beforeAll(async () => {
    database = await openTemporary();
    reader = new HourReader({ sql: database.sql, crypto: nodeCrypto });
    words = new WordStore(database.sql, 'hub-1');
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate uptime_words, gate_words, gate_states, checkpoints, hub_gaps`;
  });

  const acknowledge = (hour: number, minutes: bigint) =>
    database.sql`insert into uptime_words (hub_hour, node_id, epoch, minutes) values (${hour}, ${NODE}, 1, ${minutes})`;
  const judge = (judged: bigint, tip: bigint, state: { minute: number; reasons: number }) =>
    words.write(
      [
        {
          ...{ hubHour: HOUR, nodeId: NODE, epoch: 1, sessionId: '5e', bootId: '', judged },
          failures: [0n, 0n, tip, 0n, 0n, 0n, 0n],
        },
      ],
      [
        {
          ...{ nodeId: NODE, warmMinutes: 0, offMinutes: 0, creditedAt: 0, credited: 0 },
          ...state,
        },
      ],
    );

  it('tell the running one by what the hub saw, minutes after the last verdict as that was', async () => {
    await acknowledge(HOUR, bits(0, 20));
    await judge(bits(0, 15), bits(3, 5), { minute: HOUR * 60 + 14, reasons: 0 });
    const [hour] = await reader.soFar(HOUR, [NODE]);
    expect(hour).toMatchObject({ paid: bits(0, 20) & ~bits(3, 5), unsupported: 0n, unjudged: 0n });
    await database.sql`update gate_states set reasons = 64`;
    const [failing] = await reader.soFar(HOUR, [NODE]);
    expect(failing).toMatchObject({ paid: bits(0, 15) & ~bits(3, 5) });
    expect(failing!.failures[6]! & bits(0, 20)).toBe(bits(15, 20));
  });

  it('tell past ones by both sides, so that without a checkpoint nothing is paid', async () => {
    await acknowledge(HOUR, bits(0, 20));
    await judge(bits(0, 20), 0n, { minute: HOUR * 60 + 19, reasons: 0 });
    const hours = await reader.span(NODE, { from: HOUR - 1, until: HOUR + 1 });
    expect(hours.map(({ hubHour }) => hubHour)).toEqual([HOUR - 1, HOUR]);
    expect(hours[0]).toMatchObject({ paid: 0n, unsupported: 0n });
    expect(hours[1]).toMatchObject({ paid: 0n, unsupported: bits(0, 20) });
  });

  it('know of nodes that were never here', async () => {
    const [hour] = await reader.soFar(HOUR, [NODE]);
    expect(hour).toMatchObject({ supported: 0n, paid: 0n });
    expect((hour!.acknowledged | hour!.unsupported) & MINUTES_MASK).toBe(0n);
  });
});
