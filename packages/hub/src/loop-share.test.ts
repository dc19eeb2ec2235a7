import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LoopShare } from './loop-share.ts';

/** A clock that only work moves. */
function workshop() {
  let now = 0;
  const share = new LoopShare({ monotonic: () => now });
  const done: string[] = [];
  const piece = (name: string) => {
    now += 4;
    done.push(name);
    return name.toUpperCase();
  };
  return { share, done, piece };
}

describe('share of the event loop', () => {
  it('does at once what fits into a turn, and of several batches no more together', async () => {
    const { share, done, piece } = workshop();
    const first = share.map(['a', 'b'], piece);
    const second = share.map(['c', 'd', 'e', 'f', 'g'], piece);
    expect(done).toEqual(['a', 'b', 'c']);
    await expect(first).resolves.toEqual(['A', 'B']);
    await nextTurn();
    expect(done.length).toBeLessThanOrEqual(6);
    await expect(second).resolves.toEqual(['C', 'D', 'E', 'F', 'G']);
    expect(done).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('tells what a piece threw to its own batch alone, and goes on with the others', async () => {
    const { share, done, piece } = workshop();
    const broken = share.map(['a', 'b'], (name) => {
      if (name === 'a') throw new Error('broken');
      return piece(name);
    });
    const sound = share.run(() => piece('c'));
    await expect(broken).rejects.toThrow('broken');
    await expect(sound).resolves.toBe('C');
    expect(done).toEqual(['c']);
  });

  it('takes work that a piece gives after what it is a piece of', async () => {
    const { share, done, piece } = workshop();
    let inner: Promise<string> | undefined;
    const outer = share.map(['a', 'b'], (name) => {
      inner ??= share.run(() => piece('c'));
      return piece(name);
    });
    await expect(outer).resolves.toEqual(['A', 'B']);
    await expect(inner).resolves.toBe('C');
    expect(done).toEqual(['a', 'b', 'c']);
  });
});
