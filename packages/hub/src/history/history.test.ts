import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '#clock.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { PartitionKeeper } from './partition-keeper.ts';
import { HistoryRecorder } from './recorder.ts';
import { rollUp, type Sample, SLOT_MS } from './roll-up.ts';
import type { Resolution } from './series.ts';
import { Stats } from './stats.ts';
import { type HistoryPoint, type HistoryRow, HistoryStore } from './store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 10, 25, 12);
const NODE = 'ab'.repeat(32);

describe('history', { timeout: 60_000 }, () => {
  let adapter: DbAdapter;
  let store: HistoryStore;
  let now: number;
  const clock: Clock = { now: () => now, after: () => () => {} };

  beforeAll(async () => {
    adapter = await openTemporary();
    store = new HistoryStore({ sql: adapter.sql });
  }, 60_000);
  afterAll(() => adapter.close());
  beforeEach(async () => {
    now = NOON;
    await new PartitionKeeper({ sql: adapter.sql, clock }).tick();
    await adapter.sql`truncate metrics_5m, metrics_1h`;
  });

  const recorder = (run: string) => new HistoryRecorder({ clock, store, run });
  const read = (resolution: Resolution, over: Partial<{ from: number; to: number }> = {}) =>
    store.series({ nodeId: NODE, series: 'cpu', from: NOON - DAY, to: NOON + DAY, resolution, ...over });

  describe('HistoryRecorder and HistoryStore', () => {
    it('shows in both resolutions what was recorded', async () => {
      now = NOON + 10 * 60_000;
      const hub = recorder('a');
      for (const [minute, cpu] of [
        [0, 0.25],
        [1, 0.75],
        [6, 1],
      ] as const)
        hub.record(NODE, NOON + minute * 60_000, { cpu, lag: 1 });
      await hub.flush();
      expect(await read('5m')).toEqual([
        { at: NOON, min: 0.25, avg: 0.5, max: 0.75, count: 2 },
        { at: NOON + 300_000, min: 1, avg: 1, max: 1, count: 1 },
      ]);
      expect(await read('1h')).toEqual([{ at: NOON, min: 0.25, avg: 2 / 3, max: 1, count: 3 }]);
      expect(await read('5m', { from: NOON + 1, to: NOON + 300_001 })).toHaveLength(1);
      const all = await store.all({ nodeId: NODE, from: NOON, to: NOON + HOUR, resolution: '1h' });
      expect(all.lag).toEqual([{ at: NOON, min: 1, avg: 1, max: 1, count: 3 }]);
      expect(all.peers).toEqual([]);
    });

    it('reads one series of many nodes as it reads it of one, whatever else was sampled and by how many hubs', async () => {
      const nodes = ['aa', 'bb', 'cc', 'dd'].map((byte) => byte.repeat(32));
      const anySample = fc.record({
        node: fc.integer({ min: 0, max: 2 }),
        hub: fc.constantFrom('a', 'b'),
        slot: fc.integer({ min: 0, max: 2_000 }),
        readings: fc.record(
          { cpu: fc.float({ noNaN: true }), load: fc.float({ noNaN: true }), lag: fc.nat(100) },
          { requiredKeys: [] },
        ),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(anySample, { maxLength: 40 }), async (samples) => {
          await adapter.sql`truncate metrics_5m, metrics_1h`;
          now = NOON + 6 * HOUR;
          const hubs = { a: recorder('a'), b: recorder('b') };
          for (const { node, hub, slot, readings } of samples)
            hubs[hub as 'a' | 'b'].record(nodes[node]!, NOON + slot * SLOT_MS, readings);
          await Promise.all([hubs.a.flush(), hubs.b.flush()]);
          for (const series of ['cpu', 'load', 'lag'] as const) {
            const span = { series, from: NOON + HOUR, to: NOON + 5 * HOUR, resolution: '1h' } as const;
            const single = await Promise.all(
              nodes.map(async (nodeId) => [nodeId, await store.series({ nodeId, ...span })] as const),
            );
            const known = new Map(single.filter(([, points]) => points.length > 0));
            expect(await store.seriesByNode(nodes, span)).toEqual(known);
          }
        }),
        { numRuns: 20 },
      );
    });

    it('writes an interval once it waited for a minute, and goes on counting it', async () => {
      const hub = recorder('a');
      hub.record(NODE, NOON, { cpu: 0 });
      now = NOON + 59_000;
      await hub.tick();
      expect(await read('5m')).toEqual([]);
      now = NOON + 60_000;
      await hub.tick();
      expect(await read('5m')).toMatchObject([{ count: 1 }]);
      hub.record(NODE, now, { cpu: 1 });
      now += 60_000;
      await hub.tick();
      expect(await read('5m')).toMatchObject([{ avg: 0.5, count: 2 }]);
    });

    it('adds up what several hubs and several runs counted of one interval', async () => {
      for (const [index, run] of ['a', 'b', 'c'].entries()) {
        const hub = recorder(run);
        hub.record(NODE, NOON + index * 20_000, { cpu: index });
        await hub.flush();
      }
      expect(await read('5m')).toEqual([{ at: NOON, min: 0, avg: 1, max: 2, count: 3 }]);
    });

    it('takes a straggler after its interval was let go', async () => {
      const hub = recorder('a');
      hub.record(NODE, NOON, { cpu: 0 });
      now = NOON + 2 * HOUR;
      await hub.tick();
      hub.record(NODE, NOON + 30_000, { cpu: 1 });
      await hub.flush();
      expect(await read('5m')).toEqual([{ at: NOON, min: 0, avg: 0.5, max: 1, count: 2 }]);
    });

    it('refuses samples from another day or from the future', async () => {
      const hub = recorder('a');
      hub.record(NODE, NOON - DAY - 1, { cpu: 1 });
      hub.record(NODE, NOON + HOUR, { cpu: 1 });
      await hub.flush();
      expect(hub.refused).toBe(2);
      expect(await read('5m', { from: 0 })).toEqual([]);
    });

    it('writes again what could not be written', async () => {
      const hub = recorder('a');
      hub.record(NODE, NOON, { cpu: 1 });
      await adapter.sql`alter table metrics_5m rename to metrics_away`;
      await expect(hub.flush()).rejects.toMatchObject({ code: '42P01' });
      await adapter.sql`alter table metrics_away rename to metrics_5m`;
      await hub.flush();
      expect(await read('5m')).toMatchObject([{ count: 1 }]);
    });

    it('records as the pure roll-up does, whatever the order, repetition and flushes between', async () => {
      const anySample = fc.record({
        slot: fc.integer({ min: 0, max: 719 }),
        cpu: fc.integer({ min: 0, max: 100 }),
      });
      const deliveries = fc
        .uniqueArray(anySample, { selector: ({ slot }) => slot, minLength: 1, maxLength: 30 })
        .map((all) => all.map(({ slot, cpu }): Sample => ({ at: NOON + slot * SLOT_MS, readings: { cpu } })))
        .chain((samples) =>
          fc.tuple(
            fc.constant(samples),
            fc.shuffledSubarray([...samples, ...samples], { minLength: samples.length * 2 }),
            fc.infiniteStream(fc.boolean()),
          ),
        );
      await fc.assert(
        fc.asyncProperty(deliveries, async ([samples, delivered, flushes]) => {
          await adapter.sql`truncate metrics_5m, metrics_1h`;
          now = NOON + 2 * HOUR;
          const hub = recorder('a');
          for (const { at, readings } of delivered) {
            hub.record(NODE, at, readings);
            if (flushes.next().value) await hub.flush();
          }
          await hub.flush();
          expect(await read('5m')).toEqual(pointsOf(rollUp(samples, HOUR / 12)));
          expect(await read('1h')).toEqual(pointsOf(rollUp(samples, HOUR)));
        }),
        { numRuns: 20 },
      );
    });

    it('keeps the later state of a row when an earlier one is written again or late', async () => {
      const states = [1, 2, 3].map((samples): HistoryRow => {
        const stats = new Stats();
        for (let index = 0; index < samples; index += 1) stats.add({ cpu: index });
        return { nodeId: NODE, start: NOON, writer: 'a-1', samples, stats };
      });
      const orders = fc.shuffledSubarray([...states, ...states], { minLength: 6 });
      await fc.assert(
        fc.asyncProperty(orders, fc.integer({ min: 1, max: 6 }), async (order, size) => {
          await adapter.sql`truncate metrics_5m`;
          for (let at = 0; at < order.length; at += size) await store.write('5m', order.slice(at, at + size));
          expect(await read('5m')).toEqual([{ at: NOON, min: 0, avg: 1, max: 2, count: 3 }]);
        }),
        { numRuns: 20 },
      );
    });
  });

  describe('PartitionKeeper', () => {
    const partitions = async (table: string) => {
      const rows = await adapter.sql`
        select inhrelid::regclass::text as name from pg_inherits where inhparent = ${table}::regclass order by 1`;
      return rows.map((row) => String(row['name']).slice(table.length + 1));
    };

    it('makes yesterday, today and two days ahead, once', async () => {
      const keeper = new PartitionKeeper({ sql: adapter.sql, clock });
      await Promise.all([keeper.tick(), new PartitionKeeper({ sql: adapter.sql, clock }).tick()]);
      expect(await partitions('metrics_5m')).toEqual(['20261124', '20261125', '20261126', '20261127']);
      expect(await partitions('metrics_1h')).toEqual(['20261124', '20261125', '20261126', '20261127']);
    });

    it('drops five minutes after 7 days and hours after 90', async () => {
      const hub = recorder('a');
      hub.record(NODE, NOON, { cpu: 1 });
      await hub.flush();
      const at = async (days: number) => {
        now = NOON + days * DAY;
        await new PartitionKeeper({ sql: adapter.sql, clock }).tick();
        const read = (resolution: Resolution): Promise<HistoryPoint[]> =>
          store.series({ nodeId: NODE, series: 'cpu', from: NOON, to: NOON + HOUR, resolution });
        return { fine: (await read('5m')).length, coarse: (await read('1h')).length };
      };
      expect(await at(7)).toEqual({ fine: 1, coarse: 1 });
      expect(await at(8)).toEqual({ fine: 0, coarse: 1 });
      expect(await at(90)).toEqual({ fine: 0, coarse: 1 });
      expect(await at(91)).toEqual({ fine: 0, coarse: 0 });
    });

    it('attaches a table that a hub made before it was killed', async () => {
      now = NOON + 200 * DAY;
      await adapter.sql`create table metrics_5m_20270613 (like metrics_5m including defaults)`;
      await new PartitionKeeper({ sql: adapter.sql, clock }).tick();
      expect(await partitions('metrics_5m')).toContain('20270613');
    });

    it('gives up on a locked table instead of stopping its writers, and does it later', async () => {
      now = NOON + 300 * DAY;
      const reader = await adapter.sql.reserve();
      await reader`begin`;
      await reader`select * from metrics_5m`;
      const keeper = new PartitionKeeper({ sql: adapter.sql, clock, lockTimeoutMs: 50 });
      await expect(keeper.tick()).rejects.toMatchObject({ code: '55P03' });
      await reader`commit`;
      reader.release();
      await keeper.tick();
      expect(await partitions('metrics_5m')).toHaveLength(4);
    });
  });
});

function pointsOf(intervals: Map<number, Stats>): HistoryPoint[] {
  return [...intervals]
    .sort(([a], [b]) => a - b)
    .map(([at, stats]) => {
      const { count, min, max, sum } = stats.of('cpu')!;
      return { at, min, avg: sum / count, max, count };
    });
}
