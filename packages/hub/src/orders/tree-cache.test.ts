import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, it } from 'vitest';
import { OrderTree } from './order-tree.ts';
import { TreeCache } from './tree-cache.ts';

const ids = new Uint8Array(
  Buffer.concat(Array.from({ length: 4 }, () => seededRandom('t')(32)).sort(Buffer.compare)),
);
const tree = await OrderTree.of(ids, nodeCrypto.hash);

describe('the trees of running orders', () => {
  it('are built once for all who ask, and the one used longest ago goes when there are too many', async () => {
    const cache = new TreeCache(10);
    const built: string[] = [];
    const ask = (id: string) =>
      cache.of(id, async () => {
        built.push(id);
        return { papers: undefined, tree };
      });
    await Promise.all([ask('a'), ask('a'), ask('b')]);
    await ask('a');
    await ask('c');
    await ask('a');
    await ask('b');
    expect([built, cache.size]).toEqual([['a', 'b', 'c', 'b'], 8]);
  });

  it('are asked for again where there was none, or where reading failed', async () => {
    const cache = new TreeCache();
    expect(await cache.of('a', async () => undefined)).toBeUndefined();
    await expect(cache.of('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect((await cache.of('a', async () => ({ papers: undefined, tree })))?.tree).toBe(tree);
  });
});
