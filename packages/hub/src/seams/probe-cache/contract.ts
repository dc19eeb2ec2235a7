import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '#clock.ts';
import { type ProbeCache, TIP_MAX_AGE_MS } from './probe-cache.ts';

const NOON = Date.UTC(2026, 10, 25, 12);
const CAPACITY = { cores: 4, memoryBytes: 2 ** 33, diskFreeBytes: 2 ** 39, diskTotalBytes: 2 ** 40 };

/** What every back end must do. `open` gives one that nobody else uses, at least 1,000 nodes large. */
export function probeCacheContract(name: string, open: (clock: Clock) => ProbeCache): void {
  describe(`ProbeCache contract: ${name}`, () => {
    let now: number;
    let cache: ProbeCache;
    let nodeId: string;
    beforeEach(() => {
      now = NOON;
      cache = open({ now: () => now, after: () => () => {} });
      nodeId = newId();
    });
    const flagsOf = async (id: string, maxAgeMs = 60_000) =>
      (await cache.get('flags', [id], maxAgeMs)).get(id);

    it('gives back each kind with its age', async () => {
      const tips = [
        { chain: 0, height: 5, hash: 'a"b' },
        { chain: 9, height: 2 ** 32 - 1, hash: 'c' },
      ];
      await cache.put('tips', [{ nodeId, at: NOON - 1_234, value: tips }]);
      await cache.put('flags', [{ nodeId, at: NOON, value: ['--p2p-hostname', '', 'ü'] }]);
      await cache.put('capacity', [{ nodeId, at: NOON - 5, value: CAPACITY }]);
      now = NOON + 1;
      expect(await cache.get('tips', [nodeId], TIP_MAX_AGE_MS)).toEqual(
        new Map([[nodeId, { at: NOON - 1_234, ageMs: 1_235, value: tips }]]),
      );
      expect(await flagsOf(nodeId)).toEqual({ at: NOON, ageMs: 1, value: ['--p2p-hostname', '', 'ü'] });
      expect((await cache.get('capacity', [nodeId], 60_000)).get(nodeId)?.value).toEqual(CAPACITY);
    });

    it('gives a tip of 30 s, and none that is older (§16.4)', async () => {
      await cache.put('tips', [{ nodeId, at: NOON, value: [] }]);
      now = NOON + TIP_MAX_AGE_MS;
      expect((await cache.get('tips', [nodeId], TIP_MAX_AGE_MS)).size).toBe(1);
      now += 1;
      expect((await cache.get('tips', [nodeId], TIP_MAX_AGE_MS)).size).toBe(0);
      expect((await cache.get('tips', [nodeId], 60_000)).size).toBe(1);
    });

    it('gives those of many that it has, and nothing for nothing', async () => {
      const ids = Array.from({ length: 300 }, newId);
      await cache.put(
        'flags',
        ids.slice(0, 200).map((id) => ({ nodeId: id, at: NOON, value: [id] })),
      );
      await cache.put('flags', []);
      const found = await cache.get('flags', ids, 60_000);
      expect([...found.keys()].sort()).toEqual(ids.slice(0, 200).sort());
      expect(found.get(ids[7]!)?.value).toEqual([ids[7]]);
      expect(await cache.get('flags', [], 60_000)).toEqual(new Map());
    });

    it('keeps the latest probe whatever the order and grouping in which they come', async () => {
      const times = fc.uniqueArray(fc.integer({ min: 0, max: 50_000 }), { minLength: 1, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(times, fc.integer({ min: 1, max: 8 }), async (ages, size) => {
          const id = newId();
          const entries = ages.map((age) => ({ nodeId: id, at: NOON - age, value: [`${age}`] }));
          for (let from = 0; from < entries.length; from += size)
            await cache.put('flags', entries.slice(from, from + size));
          const youngest = Math.min(...ages);
          expect(await flagsOf(id)).toEqual({ at: NOON - youngest, ageMs: youngest, value: [`${youngest}`] });
        }),
        { numRuns: 30 },
      );
    });

    it('takes a probe from a hub whose clock is ahead as fresh', async () => {
      await cache.put('flags', [{ nodeId, at: NOON + 700, value: [] }]);
      expect(await flagsOf(nodeId, 0)).toMatchObject({ ageMs: 0 });
    });

    it('forgets every kind of a node and nothing else', async () => {
      const other = newId();
      for (const id of [nodeId, other]) {
        await cache.put('flags', [{ nodeId: id, at: NOON, value: [] }]);
        await cache.put('capacity', [{ nodeId: id, at: NOON, value: CAPACITY }]);
      }
      await cache.forget(nodeId);
      await cache.forget(newId());
      expect([...(await cache.get('flags', [nodeId, other], 60_000)).keys()]).toEqual([other]);
      expect([...(await cache.get('capacity', [nodeId, other], 60_000)).keys()]).toEqual([other]);
    });
  });
}

function newId(): string {
  return randomBytes(32).toString('hex');
}
