import { describe, expect, test } from 'vitest';
import { MemoryDisk } from '#memory-disk.ts';
import type { Lane } from '#outbox/outbox.ts';
import { Spool } from '#outbox/spool.ts';
import { SpoolLane } from '#outbox/spool-lane.ts';
import { VirtualClock } from '#virtual-clock.ts';

const entry = (n: number): Uint8Array => new Uint8Array([n]);

async function lane(count: number) {
  const clock = new VirtualClock();
  const disk = new MemoryDisk();
  const spool = await Spool.open({ disk, directory: '/spool' });
  for (let n = 1; n <= count; n += 1) await spool.put(n, entry(n));
  const sent: number[] = [];
  const drain = (from: Lane) => {
    for (let next = from.take(); next; next = from.take()) sent.push(next.message.payload[0]!);
  };
  const results = new SpoolLane({
    clock,
    spool,
    frame: (payload) => ({ type: 10, payload }),
    ready: () => drain(results),
    failed: (error) => {
      throw error;
    },
  });
  return { clock, disk, spool, sent, results, drain };
}

describe('the spool', () => {
  test('survives its process, in order', async () => {
    const disk = new MemoryDisk();
    const spool = await Spool.open({ disk, directory: '/spool' });
    for (const n of [9, 10, 2]) await spool.put(n, entry(n));
    await spool.remove(9);
    disk.restart('lost');
    const again = await Spool.open({ disk, directory: '/spool' });
    expect({ numbers: again.numbers, bytes: again.bytes }).toEqual({ numbers: [2, 10], bytes: 2 });
    expect(await again.read(10)).toEqual(entry(10));
    expect(await again.read(9)).toBeUndefined();
  });

  test('refuses what is past its cap, having warned before', async () => {
    const spool = await Spool.open({ disk: new MemoryDisk(), directory: '/spool', maxBytes: 10 });
    await spool.put(1, new Uint8Array(7));
    expect(spool.alarm).toBe(false);
    await spool.put(2, new Uint8Array(2));
    expect(spool.alarm).toBe(true);
    await expect(spool.put(3, new Uint8Array(2))).rejects.toMatchObject({ code: 'spool_full', retry: true });
    expect(spool.numbers).toEqual([1, 2]);
    await spool.put(2, new Uint8Array(3));
    expect(spool.bytes).toBe(10);
  });

  test('a disk that is full keeps nothing of the refused entry', async () => {
    const disk = new MemoryDisk({ capacityBytes: 4 });
    const spool = await Spool.open({ disk, directory: '/spool' });
    await expect(spool.put(1, new Uint8Array(5))).rejects.toMatchObject({ code: 'disk_full' });
    expect({ numbers: spool.numbers, bytes: spool.bytes }).toEqual({ numbers: [], bytes: 0 });
  });
});

describe('the results lane', () => {
  test('sends a window of the oldest, and the next ones as those are acknowledged', async () => {
    const { clock, spool, sent, results } = await lane(12);
    results.start();
    await clock.advance(0);
    expect(sent).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await spool.remove(1);
    await spool.remove(2);
    results.refill();
    await clock.advance(0);
    expect(sent.slice(8)).toEqual([9, 10]);
  });

  test('sends again in a new session, and after five minutes without a receipt', async () => {
    const { clock, spool, sent, results } = await lane(2);
    results.start();
    await clock.advance(299_000);
    results.refill();
    await clock.advance(0);
    expect(sent).toEqual([1, 2]);
    await spool.remove(1);
    await clock.advance(1_000);
    results.refill();
    await clock.advance(0);
    expect(sent).toEqual([1, 2, 2]);
    results.stop();
    results.refill();
    results.start();
    await clock.advance(0);
    expect(sent).toEqual([1, 2, 2, 2]);
  });

  test('leaves out what was acknowledged while it was read', async () => {
    const { clock, spool, sent, results } = await lane(3);
    results.start();
    await spool.remove(2);
    await clock.advance(0);
    expect(sent).not.toContain(2);
    expect(sent).toContain(3);
  });
});
