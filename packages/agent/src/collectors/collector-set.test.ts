import { describe, expect, it } from 'vitest';
import type { Collector, Feed } from '#collectors/collector.ts';
import { CollectorSet } from '#collectors/collector-set.ts';
import { createLog } from '#log.ts';
import type { Random } from '#random.ts';
import { VirtualClock } from '#virtual-clock.ts';

const clockOf = (): VirtualClock => new VirtualClock();
const middle = (bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, index) => (index === 0 ? 0x80 : 0));

function setOf<T>(
  clock: VirtualClock,
  collectors: { [K in keyof T]: Collector<T[K]> },
  lines: string[] = [],
  random: Random = middle,
) {
  const log = createLog({ clock, level: 'debug', write: (line) => lines.push(line) });
  return new CollectorSet<T>(collectors, { clock, random, log });
}

/** Counts its runs; each run ends after `takes` ms of virtual time, or never. */
function counter(clock: VirtualClock, takes: number | 'never' | 'deaf' = 0) {
  const runs = { started: 0, aborted: 0, together: 0, most: 0 };
  const collector: Collector<number> = {
    name: 'counter',
    periodMs: () => 10_000,
    timeoutMs: 3000,
    collect: (signal) =>
      new Promise((resolve, reject) => {
        runs.started += 1;
        runs.together += 1;
        runs.most = Math.max(runs.most, runs.together);
        const leave = (): void => {
          runs.together -= 1;
        };
        signal.addEventListener('abort', () => {
          runs.aborted += 1;
          if (takes === 'deaf') return;
          leave();
          reject(signal.reason);
        });
        if (typeof takes !== 'number') return;
        clock.after(takes, () => {
          leave();
          resolve(runs.started);
        });
      }),
  };
  return { collector, runs };
}

describe('a set of collectors', () => {
  it('collects at once, then again a period after each end', async () => {
    const clock = clockOf();
    const { collector, runs } = counter(clock, 1000);
    const set = setOf(clock, { counter: collector });
    set.start();
    set.start();
    await clock.advance(1000);
    expect(set.reading('counter')).toEqual({ value: 1, ageMs: 0, error: undefined, hung: false });
    await clock.advance(10_500);
    expect(runs.started).toBe(2);
    expect(set.reading('counter')).toMatchObject({ value: 1, ageMs: 10_500 });
    set.stop();
  });

  it('spreads its turns by a tenth of the period, and has none in between', async () => {
    for (const [byte, runsIn100Seconds] of [
      [0x00, 12],
      [0xff, 10],
    ] as const) {
      const clock = clockOf();
      const { collector, runs } = counter(clock);
      const set = setOf(clock, { counter: collector }, [], (bytes) => new Uint8Array(bytes).fill(byte));
      set.start();
      await clock.advance(100_000);
      expect(runs.started).toBe(runsIn100Seconds);
      set.stop();
    }
  });

  it('tells listeners of each value, until they have had enough', async () => {
    const clock = clockOf();
    const set = setOf(clock, { counter: counter(clock).collector });
    const values: number[] = [];
    const enough = set.onValue('counter', (value) => values.push(value));
    set.start();
    await clock.advance(10_001);
    enough();
    await clock.advance(30_000);
    expect(values).toEqual([1, 2]);
    set.stop();
  });

  it('keeps the last good value while runs fail, and says since when and why', async () => {
    const clock = clockOf();
    let broken = false;
    const lines: string[] = [];
    const fragile: Collector<string> = {
      name: 'fragile',
      periodMs: () => 10_000,
      timeoutMs: 1000,
      collect: async () => {
        if (broken) throw Object.assign(new Error('it broke'), { code: 'broken', retry: true });
        return 'good';
      },
    };
    const set = setOf(clock, { fragile }, lines);
    set.start();
    await clock.advance(5000);
    broken = true;
    await clock.advance(17_000);
    expect(set.reading('fragile')).toEqual({
      value: 'good',
      ageMs: 22_000,
      error: { code: 'broken', message: 'it broke', retry: true, ageMs: 2000 },
      hung: false,
    });
    broken = false;
    await clock.advance(10_000);
    expect(set.reading('fragile')).toMatchObject({ value: 'good', error: undefined });
    const events = lines.map((line) => JSON.parse(line)).map(({ level, event }) => `${level} ${event}`);
    expect(events).toEqual(['info collector-failed', 'debug collector-failed', 'info collector-recovered']);
    set.stop();
  });

  it('F29 cuts a hung run at its time-out, and lets the next one start when it has let go', async () => {
    const clock = clockOf();
    const { collector, runs } = counter(clock, 'never');
    const set = setOf(clock, { counter: collector });
    set.start();
    await clock.advance(3000);
    expect(runs).toMatchObject({ started: 1, aborted: 1 });
    expect(set.reading('counter')).toMatchObject({ error: { code: 'deadline' }, hung: false });
    await clock.advance(10_000);
    expect(runs.started).toBe(2);
    set.stop();
  });

  it('F29 never starts a second run beside one that ignores its end, and others go on', async () => {
    const clock = clockOf();
    const deaf = counter(clock, 'deaf');
    const other = counter(clock, 100);
    const set = setOf(clock, { deaf: deaf.collector, other: other.collector });
    set.start();
    await clock.advance(100_000);
    expect(deaf.runs).toMatchObject({ started: 1, aborted: 1, most: 1 });
    expect(set.reading('deaf')).toMatchObject({
      value: undefined,
      hung: true,
      error: { code: 'probe_hung' },
    });
    expect(other.runs.started).toBe(10);
    set.stop();
  });

  it('joins a refresh to the run under way', async () => {
    const clock = clockOf();
    const { collector, runs } = counter(clock, 1000);
    const set = setOf(clock, { counter: collector });
    set.start();
    await clock.advance(0);
    const refreshed = Promise.all([set.refresh('counter'), set.refresh('counter')]);
    await clock.advance(1000);
    expect((await refreshed).map(({ value }) => value)).toEqual([1, 1]);
    expect(runs).toMatchObject({ started: 1, most: 1 });
    set.stop();
  });

  it('can be asked before it is started', async () => {
    const clock = clockOf();
    const set = setOf(clock, { counter: counter(clock).collector });
    const refreshed = set.refresh('counter');
    await clock.advance(0);
    expect(await refreshed).toMatchObject({ value: 1 });
    expect(clock.pending).toBe(0);
  });

  it('F33 stops at once, whatever hangs, and leaves no timer', async () => {
    const clock = clockOf();
    const deaf = counter(clock, 'deaf');
    const slow = counter(clock, 'never');
    const set = setOf(clock, { deaf: deaf.collector, slow: slow.collector });
    set.start();
    await clock.advance(1000);
    set.stop();
    expect(clock.pending).toBe(0);
    await clock.advance(100_000);
    expect([deaf.runs.started, slow.runs.started, clock.pending]).toEqual([1, 1, 0]);
    expect(set.reading('slow').error).toBeUndefined();
  });
});

describe('what follows beside the collections', () => {
  function following(clock: VirtualClock) {
    const handle: { feed?: Feed<number>; ended: boolean } = { ended: false };
    const base = counter(clock, 100);
    const collector: Collector<number> = {
      ...base.collector,
      follow: (feed, signal) =>
        new Promise((resolve) => {
          handle.feed = feed;
          signal.addEventListener('abort', () => {
            handle.ended = true;
            resolve();
          });
        }),
    };
    return { set: setOf(clock, { counter: collector }), handle, runs: base.runs };
  }

  it('publishes between them, and can ask for one', async () => {
    const clock = clockOf();
    const { set, handle, runs } = following(clock);
    set.start();
    await clock.advance(200);
    handle.feed?.publish(77);
    expect([set.reading('counter').value, handle.feed?.current()]).toEqual([77, 77]);
    handle.feed?.refresh();
    await clock.advance(100);
    expect([runs.started, set.reading('counter').value]).toEqual([2, 2]);
    // The old timer was replaced: one run a period, not two.
    await clock.advance(10_000);
    expect(runs.started).toBe(3);
    set.stop();
  });

  it('ends with the set, and is heard no more', async () => {
    const clock = clockOf();
    const { set, handle } = following(clock);
    set.start();
    await clock.advance(200);
    set.stop();
    handle.feed?.publish(99);
    handle.feed?.refresh();
    await clock.advance(20_000);
    expect([handle.ended, set.reading('counter').value, clock.pending]).toEqual([true, 1, 0]);
  });
});
