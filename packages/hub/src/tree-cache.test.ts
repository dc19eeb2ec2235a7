import { describe, expect, it } from 'vitest';
import { TreeCache } from './tree-cache.ts';

const held = { tree: { size: 4 } };

describe('trees that are asked of often', () => {
  it('are built once for all who ask, and the one used longest ago goes when there are too many', async () => {
    const cache = new TreeCache<typeof held>(10);
    const built: string[] = [];
    const ask = (name: string) =>
      cache.of(name, async () => {
        built.push(name);
        return held;
      });
    await Promise.all([ask('a'), ask('a'), ask('b')]);
    await ask('a');
    await ask('c');
    await ask('a');
    await ask('b');
    expect([built, cache.size]).toEqual([['a', 'b', 'c', 'b'], 8]);
  });

  it('are asked for again where there was none, or where reading failed', async () => {
    const cache = new TreeCache<typeof held>();
    expect(await cache.of('a', async () => undefined)).toBeUndefined();
    await expect(cache.of('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await cache.of('a', async () => held)).toBe(held);
  });
});
