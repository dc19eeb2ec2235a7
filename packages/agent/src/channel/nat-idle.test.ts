import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pingInterval } from '#channel/liveness.ts';
import { createIdleProbe, type IdleProbe, longestSilence, NatIdle } from '#channel/nat-idle.ts';
import type { Http } from '#http.ts';
import { HttpError } from '#http-error.ts';
import { seededRandom } from '#identity/region.fixture.ts';
import { createLog } from '#log.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { VirtualClock } from '#virtual-clock.ts';

const target = { origin: 'https://hub.example', cookie: new Uint8Array(8) };

function natOf(limitS: number, clock: VirtualClock): { probe: IdleProbe; asked: number[] } {
  const asked: number[] = [];
  const probe: IdleProbe = ({ seconds }, signal) =>
    new Promise((resolve, reject) => {
      asked.push(seconds);
      const timer = clock.after(seconds * 1_000, () => resolve(seconds <= limitS));
      signal.addEventListener('abort', () => {
        timer.cancel();
        reject(signal.reason);
      });
    });
  return { probe, asked };
}

async function natIdle(clock: VirtualClock, probe: IdleProbe, disk = new MemoryDisk()) {
  let measured = 0;
  const idle = await NatIdle.open({
    clock,
    random: seededRandom('nat'),
    disk,
    nodeDirectory: '/node',
    log: createLog({ clock, level: 'error', write: () => undefined }),
    probe,
    hubNow: () => clock.now(),
    measured: () => {
      measured += 1;
    },
  });
  return { idle, disk, count: () => measured };
}

describe('the idle time of the NAT', () => {
  test('is found within a tenth, and never overstated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 5, max: 900 }), async (limit) => {
        const found = await longestSilence(async (seconds) => seconds <= limit);
        expect(found).toBeLessThanOrEqual(limit);
        expect(limit - found!).toBeLessThanOrEqual(Math.max(2, 0.1 * limit) + 1);
      }),
    );
  });

  test('is measured in the background of a session, stored, and measured anew after a week', async () => {
    const clock = new VirtualClock();
    const { probe, asked } = natOf(100, clock);
    const { idle, disk, count } = await natIdle(clock, probe);
    idle.start(target);
    await clock.advance(3 * 3_600_000);
    expect(idle.idleMs).toBeGreaterThan(90_000);
    expect(idle.idleMs).toBeLessThanOrEqual(100_000);
    expect(count()).toBe(1);
    const probes = asked.length;
    const again = await natIdle(clock, probe, disk);
    expect(again.idle.idleMs).toBe(idle.idleMs);
    again.idle.start(target);
    await clock.advance(3 * 3_600_000);
    expect(asked.length).toBe(probes);
    await clock.advance(10 * 86_400_000);
    again.idle.start(target);
    await clock.advance(3 * 3_600_000);
    expect(asked.length).toBeGreaterThan(probes);
  });

  test('is not taken from a session that ended, nor from answers that tell nothing', async () => {
    const clock = new VirtualClock();
    const { probe, asked } = natOf(1_000, clock);
    const { idle } = await natIdle(clock, probe);
    idle.start(target);
    while (asked.length < 3) await clock.advance(60_000);
    idle.stop();
    await clock.advance(3_600_000);
    expect(idle.idleMs).toBeUndefined();
    expect(clock.pending).toBe(0);
    expect(await longestSilence(async (seconds) => (seconds > 60 ? undefined : true))).toBeUndefined();
  });

  test('makes pings as frequent as two losses in a row allow', () => {
    expect([
      pingInterval(20_000, undefined),
      pingInterval(20_000, 900_000),
      pingInterval(20_000, 30_000),
    ]).toEqual([20_000, 20_000, 12_000]);
    expect(pingInterval(20_000, 1_000)).toBe(5_000);
    expect(pingInterval(0, undefined)).toBe(5_000);
  });
});

test('a probe tells drops from refusals', async () => {
  const answer = (outcome: number | HttpError): Http => ({
    request: async () => {
      if (typeof outcome !== 'number') throw outcome;
      return { status: outcome, headers: {}, body: new Uint8Array() };
    },
    stream: () => Promise.reject(new Error('not asked for')),
  });
  const outcomes = [204, 429, new HttpError('http_timeout', 'GET'), new HttpError('http_refused', 'GET')];
  const told = outcomes.map((outcome) =>
    createIdleProbe({ http: answer(outcome) })({ ...target, seconds: 30 }, new AbortController().signal),
  );
  expect(await Promise.all(told)).toEqual([true, undefined, false, undefined]);
});
