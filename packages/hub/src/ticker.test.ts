import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { Tickers } from './ticker.ts';

function setUp() {
  const timers: { at: number; task: () => void }[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    after(delayMs, task) {
      const timer = { at: now + delayMs, task };
      timers.push(timer);
      return () => {
        const at = timers.indexOf(timer);
        if (at >= 0) timers.splice(at, 1);
      };
    },
  };
  async function advance(ms: number): Promise<void> {
    now += ms;
    for (const timer of timers.filter(({ at }) => at <= now)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.task();
    }
    // Lets the ticks under way settle and schedule the next.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const errors: unknown[] = [];
  const log = {
    error: (fields: { err: unknown }) => errors.push(fields.err),
    info: () => undefined,
  } as unknown as Log;
  return { tickers: new Tickers({ clock, log }), advance, errors, timers };
}

describe('Tickers', () => {
  it('run a task each period, and never beside itself', async () => {
    const { tickers, advance } = setUp();
    const under = Promise.withResolvers<void>();
    let ticks = 0;
    tickers.start({
      name: 'slow',
      periodMs: 10,
      tick() {
        ticks += 1;
        return ticks === 1 ? under.promise : undefined;
      },
    });
    await advance(10);
    await advance(50);
    expect(ticks).toBe(1);
    under.resolve();
    await advance(0);
    await advance(10);
    expect(ticks).toBe(2);
  });

  it('go on after a tick that threw, and say so once, not at each period', async () => {
    const { tickers, advance, errors } = setUp();
    const fault = new Error('no disk');
    let ticks = 0;
    tickers.start({
      name: 'faulty',
      periodMs: 10,
      tick() {
        ticks += 1;
        return Promise.reject(fault);
      },
    });
    await advance(10);
    await advance(10);
    expect(ticks).toBe(2);
    expect(errors).toEqual([fault]);
  });

  it('run a task on demand: wholly after the call, so not the run that is under way', async () => {
    const { tickers, advance } = setUp();
    const under = Promise.withResolvers<void>();
    let ticks = 0;
    tickers.start({
      name: 'asked',
      periodMs: 10,
      tick() {
        ticks += 1;
        return under.promise;
      },
    });
    await advance(10);
    const asked = [tickers.run('asked'), tickers.run('asked')];
    expect(ticks).toBe(1);
    under.resolve();
    await Promise.all(asked);
    expect(ticks).toBe(2);
    expect(() => tickers.run('unknown')).toThrow(/no task 'unknown'/);
  });

  it('stop for good, once the ticks under way have ended', async () => {
    const { tickers, advance, timers } = setUp();
    const under = Promise.withResolvers<void>();
    tickers.start({ name: 'last', periodMs: 10, tick: () => under.promise });
    await advance(10);
    let stopped = false;
    const stopping = tickers.stop().then(() => {
      stopped = true;
    });
    await advance(0);
    expect(stopped).toBe(false);
    under.resolve();
    await stopping;
    expect(timers).toEqual([]);
  });

  it('tell a tick under way that the process ends, and wait for it', async () => {
    const { tickers } = setUp();
    const heard: unknown[] = [];
    tickers.start({
      name: 'waits for a host',
      periodMs: 10,
      tick: (stop) =>
        new Promise((resolve) =>
          stop?.addEventListener('abort', () => {
            heard.push(stop.reason);
            resolve();
          }),
        ),
    });
    const run = tickers.run('waits for a host');
    await tickers.stop();
    await run;
    expect(heard).toEqual([expect.any(Error)]);
  });
});
