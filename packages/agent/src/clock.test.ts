import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createClock, DeadlineError, sleep, withDeadline } from '#clock.ts';
import { VirtualClock } from '#virtual-clock.ts';

describe('withDeadline', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  it('F29 settles at the deadline although the task heeds nothing', async () => {
    const clock = new VirtualClock();
    let signal: AbortSignal | undefined;
    const outcome = withDeadline(clock, { ms: 5000, what: 'the probe' }, (given) => {
      signal = given;
      return never();
    }).catch((error: unknown) => error);
    await clock.advance(4999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(await outcome).toBeInstanceOf(DeadlineError);
    expect(signal?.reason).toBeInstanceOf(DeadlineError);
    expect(clock.pending).toBe(0);
  });

  it('gives the value, and leaves no timer', async () => {
    const clock = new VirtualClock();
    expect(await withDeadline(clock, { ms: 10, what: 'x' }, async () => 7)).toBe(7);
    expect(clock.pending).toBe(0);
  });

  it('passes on what the task throws, also before its first await', async () => {
    const clock = new VirtualClock();
    const fault = new Error('at once');
    const thrower = (): Promise<never> => {
      throw fault;
    };
    await expect(withDeadline(clock, { ms: 10, what: 'x' }, thrower)).rejects.toBe(fault);
    expect(clock.pending).toBe(0);
  });

  it('ends with the reason of an outer signal, before or during the task', async () => {
    const clock = new VirtualClock();
    const outer = new AbortController();
    const during = withDeadline(clock, { ms: 10, what: 'x', signal: outer.signal }, never);
    outer.abort(new Error('stopping'));
    await expect(during).rejects.toThrow('stopping');
    const before = withDeadline(clock, { ms: 10, what: 'x', signal: outer.signal }, never);
    await expect(before).rejects.toThrow('stopping');
    expect(clock.pending).toBe(0);
  });
});

describe('the virtual clock', () => {
  it('runs timers in order of time, then of making, whatever the order they were asked in', async () => {
    const delays = fc.array(fc.record({ ms: fc.nat(20), cancelled: fc.boolean() }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(delays, async (timers) => {
        const clock = new VirtualClock();
        const ran: number[] = [];
        const handles = timers.map(({ ms }, index) => clock.after(ms, () => ran.push(index)));
        timers.forEach(({ cancelled }, index) => {
          if (cancelled) handles[index]?.cancel();
        });
        await clock.advance(20);
        const due = timers.map((timer, index) => ({ ...timer, index })).filter(({ cancelled }) => !cancelled);
        expect(ran).toEqual(due.sort((a, b) => a.ms - b.ms || a.index - b.index).map(({ index }) => index));
        expect(clock.pending).toBe(0);
      }),
    );
  });

  it('carries chains of sleeps through one advance, and shows each its own time', async () => {
    const clock = new VirtualClock(1000);
    const seen: number[] = [];
    const chain = (async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await sleep(clock, 10);
        seen.push(clock.now());
      }
    })();
    await clock.advance(35);
    await chain;
    expect(seen).toEqual([1010, 1020, 1030]);
    expect(clock.monotonic()).toBe(35);
  });

  it('skews the wall clock alone', () => {
    const clock = new VirtualClock(1000);
    clock.skewWall(-500);
    expect([clock.now(), clock.monotonic()]).toEqual([500, 0]);
  });

  it('ends a sleep by its signal', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const asleep = sleep(clock, 1000, stop.signal);
    stop.abort(new Error('awake'));
    await expect(asleep).rejects.toThrow('awake');
    await expect(sleep(clock, 1, stop.signal)).rejects.toThrow('awake');
    expect(clock.pending).toBe(0);
  });
});

describe('the real clock', () => {
  it('runs a task once, and never a cancelled one', async () => {
    const clock = createClock();
    const ran: string[] = [];
    clock.after(0, () => ran.push('cancelled')).cancel();
    await new Promise<void>((resolve) => {
      clock.after(0, () => {
        ran.push('due');
        resolve();
      });
    });
    expect(ran).toEqual(['due']);
  });

  it('counts a delay beyond 31 bits to its end', () => {
    vi.useFakeTimers();
    let ran = false;
    createClock().after(2 ** 32, () => {
      ran = true;
    });
    vi.advanceTimersByTime(2 ** 32 - 1);
    expect(ran).toBe(false);
    vi.advanceTimersByTime(1);
    expect(ran).toBe(true);
    vi.useRealTimers();
  });

  it('never goes back', () => {
    const clock = createClock();
    const before = clock.monotonic();
    expect(clock.monotonic()).toBeGreaterThanOrEqual(before);
  });
});
