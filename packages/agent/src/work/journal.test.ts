import { jobResultKind, seal } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, test } from 'vitest';
import { MemoryDisk } from '#memory-disk.ts';
import { type Begun, Journal } from '#work/journal.ts';
import { idOf } from '#work/work-world.fixture.ts';

const key = nodeCrypto.signingKey(new Uint8Array(32).fill(1));
const PATH = '/work/journal';

function begun(job: string, over: Partial<Begun> = {}): Begun {
  return {
    jobId: idOf(job),
    attempt: 1,
    fencingToken: 1,
    kind: 'stoachain-control',
    idempotencyKey: idOf(`effect of ${job}`),
    orderId: idOf(`order of ${job}`),
    expiresAt: 1_000,
    counted: true,
    at: 0,
    ...over,
  };
}

function sealed(job: string, number: number): Uint8Array {
  const body = {
    nodeId: new Uint8Array(32),
    jobId: idOf(job),
    kind: 'stoachain-control',
    attempt: 1,
    fencingToken: 1,
    outcome: 'succeeded' as const,
    code: '',
    message: '',
    report: '',
    durationMs: 0,
    logBytes: 0,
    logHash: new Uint8Array(32),
    orderId: idOf(`order of ${job}`),
    number,
    previous: new Uint8Array(32),
  };
  return seal(jobResultKind, body, key);
}

/** A disk on which writes take turns, so that calls meet. */
class SlowDisk extends MemoryDisk {
  override async append(path: string, bytes: Uint8Array | string): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await super.append(path, bytes);
  }
}

const run = async (journal: Journal, job: string, number: number, order = job): Promise<void> => {
  await journal.begin(begun(job, { orderId: idOf(`order of ${order}`) }));
  await journal.end({ idempotencyKey: idOf(`effect of ${job}`), sealed: sealed(job, number) });
};

describe('the journal', () => {
  test('grows no further than its bound, and forgets no order that has not ended', async () => {
    const disk = new MemoryDisk();
    const journal = await Journal.open(disk, PATH);
    for (let number = 1; number <= 600; number += 1) {
      await run(journal, `j${number}`, number);
      await journal.compact(0);
    }
    const bytes = (await disk.stat(PATH))!.bytes;
    expect(bytes).toBeLessThan(512 * 1_024);
    const again = await Journal.open(disk, PATH);
    expect(again.head.number).toBe(600);
    expect(again.told).toHaveLength(128);
    expect(again.active.size).toBe(0);
    for (const at of [1, 300, 600])
      expect(again.orders.refusal({ ...begun(`j${at}`), jobId: idOf('other') })).toContain(
        'was used for job',
      );
    expect(again.orders.countedWithinDay(1)).toBe(600);
  });

  test('forgets an order once the proven time has passed its end', async () => {
    const journal = await Journal.open(new MemoryDisk(), PATH);
    for (let number = 1; number <= 300; number += 1) await run(journal, `j${number}`, number);
    await journal.compact(1_000);
    expect(journal.orders.refusal({ ...begun('j1'), jobId: idOf('other') })).toBeUndefined();
    // What was done today still counts.
    expect(journal.orders.countedWithinDay(1_000)).toBe(300);
    expect(journal.orders.countedWithinDay(25 * 3_600_000)).toBe(0);
  });

  test('loses no line that is written while it is written anew', async () => {
    const disk = new SlowDisk();
    const journal = await Journal.open(disk, PATH);
    for (let number = 1; number <= 260; number += 1) await run(journal, `j${number}`, number);
    await journal.begin(begun('last'));
    await Promise.all([
      journal.end({ idempotencyKey: idOf('effect of last'), sealed: sealed('last', 261) }),
      journal.compact(0),
      journal.begin(begun('next')),
    ]);
    const again = await Journal.open(disk, PATH);
    expect(again.head.number).toBe(261);
    expect([...again.active.values()].map(({ jobId }) => jobId)).toEqual([idOf('next')]);
  });

  test('what could not be written was not begun: its order is free', async () => {
    const disk = new MemoryDisk();
    const journal = await Journal.open(disk, PATH);
    disk.capacityBytes = 0;
    await expect(journal.begin(begun('a'))).rejects.toMatchObject({ code: 'disk_full' });
    expect(journal.active.size).toBe(0);
    expect(journal.orders.refusal(begun('a'))).toBeUndefined();
    expect(journal.orders.countedWithinDay(1)).toBe(0);
  });

  test('a node that holds as many orders as it may takes no more', async () => {
    const journal = await Journal.open(new MemoryDisk(), PATH);
    for (let at = 0; at < 2_048; at += 1) journal.orders.use(begun(`j${at}`));
    expect(journal.orders.refusal(begun('more'))).toContain('2048 orders');
    journal.orders.forget(1_000);
    expect(journal.orders.refusal(begun('more'))).toBeUndefined();
  });
});
