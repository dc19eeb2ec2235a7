import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { probeCacheContract } from './contract.ts';
import { MemoryProbeCache } from './memory-probe-cache.ts';
import { TableProbeCache } from './table-probe-cache.ts';

probeCacheContract('memory', (clock) => new MemoryProbeCache({ clock, maxNodes: 1_000 }));

describe('on a database', { timeout: 60_000 }, () => {
  let adapter: DbAdapter;
  beforeAll(async () => {
    adapter = await openTemporary();
  }, 60_000);
  afterAll(() => adapter.close());

  probeCacheContract('table', (clock) => new TableProbeCache({ sql: adapter.sql, clock }));

  it('is seen by another hub on the same database', async () => {
    const clock = { now: () => 1_000, after: () => () => {} };
    const [one, other] = [
      new TableProbeCache({ sql: adapter.sql, clock }),
      new TableProbeCache({ sql: adapter.sql, clock }),
    ];
    await one.put('flags', [{ nodeId: 'aa', at: 1_000, value: ['x'] }]);
    expect((await other.get('flags', ['aa'], 0)).get('aa')?.value).toEqual(['x']);
  });
});

describe('MemoryProbeCache', () => {
  it('lets the node that came in longest ago go when it is full', async () => {
    const cache = new MemoryProbeCache({ clock: { now: () => 0, after: () => () => {} }, maxNodes: 2 });
    for (const nodeId of ['a', 'b', 'a', 'c']) await cache.put('flags', [{ nodeId, at: 0, value: [] }]);
    expect([...(await cache.get('flags', ['a', 'b', 'c'], 0)).keys()]).toEqual(['a', 'c']);
  });
});
