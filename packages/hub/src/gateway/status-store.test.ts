import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { type NodeStatusRow, StatusStore } from './status-store.ts';

const AT = Date.UTC(2026, 10, 25, 18);

describe('StatusStore', { timeout: 60_000 }, () => {
  let adapter: DbAdapter;
  let store: StatusStore;
  beforeAll(async () => {
    adapter = await openTemporary();
    store = new StatusStore(adapter.sql);
  }, 60_000);
  afterAll(() => adapter.close());
  beforeEach(async () => {
    await adapter.sql`truncate node_status`;
  });

  it('gives back what it stored, in order of node id', async () => {
    const rows = Array.from({ length: 1_203 }, () => status());
    await store.flush(rows);
    expect(await stored(store)).toEqual(rows.sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1)));
  });

  it('stores nothing for nothing', async () => {
    await store.flush([]);
    expect(await stored(store)).toEqual([]);
  });

  it('stores a node with absurd values as the nearest possible ones, beside all others', async () => {
    const absurd = {
      skewMs: 2 ** 64,
      diskFree: Number.MAX_VALUE,
      peers: 65_534,
      lag: -(2 ** 40),
      natIdleS: 2 ** 40,
    };
    await store.flush([status(), status(absurd), status()]);
    const [found] = (await stored(store)).filter(({ peers }) => peers === 32_767);
    expect(await stored(store)).toHaveLength(3);
    expect(found).toMatchObject({ skewMs: 2 ** 63, diskFree: 2 ** 63, lag: -32_768, natIdleS: 2 ** 31 - 1 });
  });

  it('keeps the newest state whatever the order, grouping and repetition of flushes', async () => {
    const ids = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
    const anyState = fc.record({
      nodeId: fc.constantFrom(...ids),
      epoch: fc.bigInt(1n, 3n),
      lastSeen: fc.integer({ min: 0, max: 20 }).map((seconds) => AT + seconds * 1000),
    });
    // A hub gives a node one state at a time: of one (epoch, instant) there is one.
    const history = fc.uniqueArray(anyState, {
      minLength: 1,
      maxLength: 12,
      selector: ({ nodeId, epoch, lastSeen }) => `${nodeId} ${epoch} ${lastSeen}`,
    });
    const flushes = history.chain((states) =>
      fc.tuple(
        fc.constant(states),
        fc.shuffledSubarray([...states, ...states], { minLength: states.length * 2 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
      ),
    );
    await fc.assert(
      fc.asyncProperty(flushes, async ([states, order, sizes]) => {
        await adapter.sql`truncate node_status`;
        const queue = order.map((state) => status(state));
        for (const size of sizes) {
          await store.flush(queue.splice(0, size));
          if (queue.length === 0) break;
        }
        const newest = ids.flatMap((id) =>
          states
            .filter(({ nodeId }) => nodeId === id)
            .sort((a, b) => Number(a.epoch - b.epoch) || a.lastSeen - b.lastSeen)
            .slice(-1),
        );
        const kept = (await stored(store)).map(({ nodeId, epoch, lastSeen }) => ({
          nodeId,
          epoch,
          lastSeen,
        }));
        expect(kept).toEqual(newest.sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1)));
      }),
      { numRuns: 60 },
    );
  });
});

async function stored(store: StatusStore): Promise<NodeStatusRow[]> {
  const rows: NodeStatusRow[] = [];
  for await (const page of store.load()) rows.push(...page);
  return rows;
}

function status(over: Partial<NodeStatusRow> = {}): NodeStatusRow {
  return {
    nodeId: randomBytes(32).toString('hex'),
    epoch: 2n ** 48n + 1n,
    lastSeen: AT + 123,
    tips: randomBytes(400),
    cpu: 0.5,
    memory: 0.25,
    disk: null,
    load: 1.5,
    diskFree: 123_456_789_012,
    peers: 12,
    rttMs: 33,
    lag: 0,
    forked: false,
    chainweb: 'up',
    atTipAt: AT,
    skewMs: -1_500,
    natIdleS: 120,
    ...over,
  };
}
