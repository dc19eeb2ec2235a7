import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Batcher } from './batcher.ts';
import type { Clock } from './clock.ts';

/** A clock whose timers are fired by hand. */
class HandClock implements Clock {
  readonly due: (() => void)[] = [];
  readonly delays: number[] = [];
  time = 0;
  now = () => this.time;
  after(delayMs: number, task: () => void): () => void {
    this.due.push(task);
    this.delays.push(delayMs);
    return () => undefined;
  }
  fire(): void {
    for (const task of this.due.splice(0)) task();
  }
}

class DataError extends Error {
  readonly code = '22P05';
}

function gated<Item>() {
  const calls: { items: readonly Item[]; finish: () => void; fail: (error: Error) => void }[] = [];
  const run = (items: readonly Item[]) =>
    new Promise<readonly Item[]>((resolve, reject) => {
      calls.push({ items, finish: () => resolve(items), fail: reject });
    });
  return { calls, run };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a batcher', () => {
  it('sends one batch at a time, and with the next all that came meanwhile or within a window after it', async () => {
    const clock = new HandClock();
    const { calls, run } = gated<number>();
    const batcher = new Batcher<number, number>({ clock, windowMs: 2, maxItems: 100 }, run);
    const first = [batcher.submit(1), batcher.submit(2)];
    clock.fire();
    const second = [3, 4].map((item) => batcher.submit(item));
    clock.fire();
    expect(calls.map(({ items }) => items)).toEqual([[1, 2]]);
    calls[0]!.finish();
    expect(await Promise.all(first)).toEqual([1, 2]);
    await turn();
    second.push(batcher.submit(5));
    expect(calls.map(({ items }) => items)).toEqual([[1, 2]]);
    clock.fire();
    expect(calls.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    calls[1]!.finish();
    expect(await Promise.all(second)).toEqual([3, 4, 5]);
  });

  it('serves a single one at once, and leaves a while between the batches of a herd', async () => {
    const clock = new HandClock();
    const run = async (items: readonly number[]) => items;
    const batcher = new Batcher<number, number>({ clock, windowMs: 2, everyMs: 50, maxItems: 100 }, run);
    // When each item came, in milliseconds; the last one after the clock was set back.
    for (const time of [1_000, 1_010, 1_049, 1_200, 300]) {
      clock.time = time;
      const served = batcher.submit(time);
      clock.fire();
      expect(await served).toBe(time);
      await turn();
    }
    expect(clock.delays).toEqual([2, 40, 11, 2, 50]);
  });

  it('does not let a full batch wait for one that hangs', () => {
    const clock = new HandClock();
    const { calls, run } = gated<number>();
    const batcher = new Batcher<number, number>({ clock, windowMs: 2, maxItems: 3 }, run);
    for (const item of [1, 2, 3, 4, 5, 6, 7]) void batcher.submit(item);
    expect(calls.map(({ items }) => items.length)).toEqual([3, 3]);
  });

  it('an item that the database refuses fails alone, whatever its place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), async (good) => {
        const clock = new HandClock();
        const batcher = new Batcher<boolean, string>({ clock, windowMs: 2, maxItems: 100 }, async (items) => {
          if (items.includes(false)) throw new DataError('a value is out of its range');
          return items.map(() => 'stored');
        });
        const results = good.map((item) => batcher.submit(item).catch((error: DataError) => error.code));
        clock.fire();
        expect(await Promise.all(results)).toEqual(good.map((item) => (item ? 'stored' : '22P05')));
      }),
    );
  });

  it('runs a batch again that was rolled back for a deadlock, three times at most', async () => {
    const clock = new HandClock();
    const { calls, run } = gated<number>();
    const batcher = new Batcher<number, number>({ clock, windowMs: 2, maxItems: 100 }, run);
    const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' });
    const served = batcher.submit(1);
    clock.fire();
    calls[0]!.fail(deadlock);
    await turn();
    calls[1]!.finish();
    expect(await served).toBe(1);
    await turn();
    const failed = batcher.submit(2).catch((error: Error) => error.message);
    clock.fire();
    for (const again of [2, 3, 4]) {
      calls[again]!.fail(deadlock);
      await turn();
    }
    expect([await failed, calls.length]).toEqual(['deadlock detected', 5]);
  });

  it('tells all of a batch that the database is away, and tries nothing again by itself', async () => {
    const clock = new HandClock();
    const { calls, run } = gated<number>();
    const batcher = new Batcher<number, number>({ clock, windowMs: 2, maxItems: 100 }, run);
    const results = [1, 2, 3].map((item) => batcher.submit(item).catch((error: Error) => error.message));
    clock.fire();
    calls[0]!.fail(new Error('connection lost'));
    expect(await Promise.all(results)).toEqual(['connection lost', 'connection lost', 'connection lost']);
    expect(calls.length).toBe(1);
  });
});
