import { AGENT_FRAMES, decode, LIMITS } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, test } from 'vitest';
import { MemoryDisk } from '#memory-disk.ts';
import { VirtualClock } from '#virtual-clock.ts';
import { JobLog } from '#work/job-log.ts';
import { LogLane } from '#work/log-lane.ts';
import { LogStore } from '#work/log-store.ts';
import { idOf } from '#work/work-world.fixture.ts';

function make(maxBytes: number = LIMITS.jobLogBytes) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const disk = new MemoryDisk();
  const faults: unknown[] = [];
  let grown = 0;
  const log = new JobLog({
    clock,
    disk,
    path: '/log',
    maxBytes,
    grown: (bytes) => {
      grown += bytes;
    },
    failed: (error) => void faults.push(error),
  });
  const text = async () => new TextDecoder().decode(await disk.readFile('/log'));
  return { clock, disk, log, text, faults, grown: () => grown };
}

describe('the log of a job', () => {
  test('is on disk half a second later, with the time of each line, and without secrets', async () => {
    const { log, clock, text } = make();
    log.line('pulling https://ada:hunter2@registry/chainweb');
    log.line('two\nlines');
    await clock.advance(500);
    expect(await text()).toBe(
      '2026-01-01T00:00:00.000Z pulling https://[redacted]@registry/chainweb\n2026-01-01T00:00:00.000Z two lines\n',
    );
  });

  test('F29 grows no more once it was signed, whatever a handler says that does not let go', async () => {
    const { log, clock, text } = make();
    log.line('the end');
    const { logBytes, logHash } = await log.end();
    log.line('not the end');
    await clock.advance(10_000);
    await log.end();
    const bytes = Buffer.from(await text());
    expect(bytes).toHaveLength(logBytes);
    expect(nodeCrypto.hash(bytes)).toEqual(logHash);
  });

  test('F27 collapses equal lines in a row', async () => {
    const { log, text } = make();
    for (let i = 0; i < 1_000_000; i += 1) log.line('waiting for the lock');
    log.line('got it');
    await log.end();
    expect((await text()).split('\n').map((line) => line.slice(25))).toEqual([
      'waiting for the lock',
      '[the last line 999999 times more]',
      'got it',
      '',
    ]);
  });

  test('F27 a flood keeps its beginning and its end within the bound, and counts what lies between', async () => {
    const { log, disk, text, grown } = make(256 * 1024);
    const lines = 200_000;
    for (let i = 0; i < lines; i += 1) log.line(`line ${i} ${'x'.repeat(100)}`);
    const { logBytes, logHash } = await log.end();
    const written = (await text()).trimEnd().split('\n');
    expect(logBytes).toBeLessThanOrEqual(256 * 1024);
    expect(grown()).toBe(logBytes);
    expect(logHash).toEqual(nodeCrypto.hash(await disk.readFile('/log')));
    const note = written.find((line) => line.includes('lines are left out here'));
    const left = Number(/\[(\d+) lines/.exec(note!)![1]);
    expect(left + written.length - 1).toBe(lines);
    expect(written.at(-1)).toContain(`line ${lines - 1} `);
  });

  test('goes on when the disk took a part of it not', async () => {
    const { log, disk, clock, text, faults } = make();
    disk.capacityBytes = 0;
    log.line('lost');
    await clock.advance(500);
    expect(faults).toHaveLength(1);
    disk.capacityBytes = 1e9;
    log.line('kept');
    await log.end();
    expect(await text()).toContain('kept');
  });
});

describe('logs on their way to the hub', () => {
  function lane() {
    const clock = new VirtualClock();
    const disk = new MemoryDisk();
    const failed = (error: unknown): never => {
      throw error;
    };
    const sent: { offset: number; chunk: Uint8Array; jobId: Uint8Array }[] = [];
    const store = LogStore.open({ clock, disk, directory: '/logs', ready: () => undefined, failed });
    return store.then((logs) => {
      const out = new LogLane({ clock, disk, store: logs, ready: () => pump(), failed });
      const pump = (): void => {
        for (let next = out.take(); next; next = out.take()) {
          sent.push(decode(AGENT_FRAMES.logChunk, next.message.payload));
          next.sent?.(0);
        }
      };
      return { clock, disk, logs, out, sent, pump };
    });
  }

  const lease = (job: string) => ({ jobId: idOf(job), attempt: 1, fencingToken: 7 });

  async function written(w: Awaited<ReturnType<typeof lane>>, job: string, bytes: number): Promise<void> {
    const log = w.logs.begin(lease(job));
    for (let left = bytes; left > 0; left -= 1_000) log.line(`${job} ${left} ${'y'.repeat(960)}`);
    await log.end();
    w.logs.end(lease(job));
  }

  test('go as far as the window, on with each credit, and are gone when the hub has them', async () => {
    const w = await lane();
    await written(w, 'a', 200_000);
    const { size, path } = w.logs.logs[0]!;
    w.out.start();
    await w.clock.advance(0);
    expect(w.sent.map(({ offset, chunk }) => [offset, chunk.length])).toEqual([[0, LIMITS.logChunkBytes]]);
    let stored = 0;
    for (let turn = 0; stored < size; turn += 1) {
      expect(turn).toBeLessThan(100);
      stored = w.sent.reduce((sum, { chunk }) => sum + chunk.length, 0);
      w.out.credit({ ...lease('a'), stored, window: 64 * 1024 });
      await w.clock.advance(0);
    }
    const offsets = w.sent.map(({ offset }) => offset);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(Buffer.concat(w.sent.map(({ chunk }) => chunk))).toHaveLength(size);
    expect([w.logs.logs, await w.disk.stat(path)]).toEqual([[], undefined]);
  });

  test('begin anew where a hub has less, and skip what it has', async () => {
    const w = await lane();
    await written(w, 'a', 100_000);
    w.out.start();
    await w.clock.advance(0);
    w.out.credit({ ...lease('a'), stored: 90_000, window: 1_000_000 });
    await w.clock.advance(0);
    expect(w.sent[1]!.offset).toBe(90_000);
    w.out.credit({ ...lease('a'), stored: 10, window: 100 });
    await w.clock.advance(0);
    expect(w.sent.at(-1)).toMatchObject({ offset: 10, chunk: { length: 100 } });
  });

  test('take turns, and keep to a megabyte a minute together', async () => {
    const w = await lane();
    for (const job of ['a', 'b']) await written(w, job, 1_500_000);
    w.out.start();
    await w.clock.advance(0);
    for (const job of ['a', 'b']) w.out.credit({ ...lease(job), stored: 0, window: 5e6 });
    await w.clock.advance(0);
    const bytes = (): number => w.sent.reduce((sum, { chunk }) => sum + chunk.length, 0);
    expect(bytes()).toBeLessThanOrEqual(LIMITS.logBytesPerMinute);
    expect(bytes()).toBeGreaterThan(LIMITS.logBytesPerMinute - 2 * LIMITS.logChunkBytes);
    expect(new Set(w.sent.slice(0, 4).map(({ jobId }) => jobId.join())).size).toBe(2);
    await w.clock.advance(60_000);
    expect(bytes()).toBeGreaterThan(1.5 * LIMITS.logBytesPerMinute);
    w.out.stop();
    expect(w.clock.pending).toBe(0);
  });

  test('F27 of an agent without a hub take 32 MB together, the oldest give way', async () => {
    const clock = new VirtualClock();
    const disk = new MemoryDisk();
    const options = { clock, disk, directory: '/logs', ready: () => undefined, failed: () => undefined };
    for (let job = 0; job < 9; job += 1)
      await disk.writeAtomic(`/logs/0${job}${'0'.repeat(30)}-1-7`, Buffer.alloc(4_900_000));
    const logs = await LogStore.open(options);
    logs.begin(lease('new'));
    await clock.advance(0);
    expect(logs.logs.filter(({ ended }) => ended)).toHaveLength(5);
    expect(await disk.list('/logs')).toEqual([4, 5, 6, 7, 8].map((job) => `0${job}${'0'.repeat(30)}-1-7`));
  });

  test('are found again after a restart', async () => {
    const w = await lane();
    await written(w, 'a', 5_000);
    const again = await LogStore.open({
      clock: w.clock,
      disk: w.disk,
      directory: '/logs',
      ready: () => undefined,
      failed: () => undefined,
    });
    expect(again.logs).toMatchObject([{ lease: lease('a'), ended: true, size: w.logs.logs[0]!.size }]);
  });
});
