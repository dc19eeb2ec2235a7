import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelWorld, MINUTE } from '#channel/channel-world.fixture.ts';
import { RECONNECT, ReconnectPolicy } from '#channel/reconnect.ts';
import { seededRandom } from '#identity/region.fixture.ts';
import { VirtualClock } from '#virtual-clock.ts';

type Step = 'refused connection' | 'failure' | 'throttle' | 'session' | 'short session' | 'refuse';

const anyStep = fc.constantFrom<Step>(
  'refused connection',
  'failure',
  'throttle',
  'session',
  'short session',
  'refuse',
);

function makePolicy(seed: string) {
  const clock = new VirtualClock();
  const policy = new ReconnectPolicy({ clock, random: seededRandom(seed) });
  const take = (step: Step): number => {
    switch (step) {
      case 'refused connection':
        return policy.afterRefusedConnection();
      case 'failure':
        return policy.afterFailure();
      case 'throttle':
        return policy.named(3_000, 600_000);
      case 'refuse':
        return policy.refused();
      default:
        policy.welcomed(60_000);
        return policy.afterSession(step === 'session' ? RECONNECT.provenMs : 5_000);
    }
  };
  return {
    clock,
    policy,
    async attempt(step: Step): Promise<number> {
      policy.attempted();
      const delayMs = take(step);
      await clock.advance(delayMs);
      return delayMs;
    },
  };
}

describe('an agent that is up before its hub', () => {
  test('looks again within 1, 2, 4 and 8 seconds, with full jitter, and then backs off as after any failure', async () => {
    const delays: number[][] = [];
    for (let seed = 0; seed < 200; seed += 1) {
      const { attempt } = makePolicy(`agent ${seed}`);
      const own: number[] = [];
      for (let n = 0; n < 6; n += 1) own.push(await attempt('refused connection'));
      delays.push(own);
    }
    const nth = (n: number) => delays.map((own) => own[n]!);
    for (const [n, boundMs] of RECONNECT.quickMs.entries()) {
      expect(Math.max(...nth(n))).toBeLessThan(boundMs);
      expect(Math.max(...nth(n))).toBeGreaterThan(0.9 * boundMs);
      expect(Math.min(...nth(n))).toBeLessThan(0.1 * boundMs);
    }
    expect(Math.max(...nth(4))).toBeGreaterThan(50_000);
    expect(Math.max(...nth(4))).toBeLessThanOrEqual(60_000);
  });

  test('has a session soon after the hub starts to listen', async () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const { clock, transport, channel } = await channelWorld(`agent ${seed}`);
      transport.faults.down = true;
      channel.start();
      await clock.advance(2_000);
      expect(channel.status().lastFault?.code).toBe('ECONNREFUSED');
      transport.faults.down = false;
      await clock.advance(13_500);
      expect(channel.status()).toMatchObject({ state: 'established', transport: 'websocket' });
    }
  });
});

describe('the rules of the herd', () => {
  test('hold as ever for whoever has met anything but refused connections', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string(),
        fc.nat(6),
        anyStep.filter((step) => step !== 'refused connection'),
        fc.array(anyStep, { maxLength: 20 }),
        async (seed, refusedBefore, met, later) => {
          const policy = makePolicy(seed);
          // Its twin knows of no refused connections: to it they are failures like any other.
          const twin = makePolicy(seed);
          for (let n = 0; n < refusedBefore; n += 1) {
            await policy.attempt('refused connection');
            await twin.attempt('failure');
          }
          await policy.clock.advance(MINUTE);
          await twin.clock.advance(MINUTE);
          for (const step of [met, ...later]) {
            const asTwin = step === 'refused connection' ? 'failure' : step;
            expect(await policy.attempt(step)).toBe(await twin.attempt(asTwin));
          }
        },
      ),
    );
  });

  test('a hub that goes away is met again over the reconnect window, though it refuses connections meanwhile', async () => {
    const returns: number[] = [];
    for (let seed = 0; seed < 100; seed += 1) {
      const { clock, transport, channel } = await channelWorld(`agent ${seed}`);
      channel.start();
      await clock.advance(2 * MINUTE);
      transport.faults.down = true;
      transport.cut();
      while (channel.status().failures < 1) await clock.advance(100);
      returns.push(channel.status().retryInMs ?? 0);
    }
    expect(returns.filter((ms) => ms < 8_000).length).toBeLessThan(30);
    expect(Math.max(...returns)).toBeGreaterThan(50_000);
  });

  test('F28 six attempts a minute at most, also the first ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.array(anyStep, { maxLength: 12 }), async (seed, steps) => {
        const { clock, attempt } = makePolicy(seed);
        const times: number[] = [];
        for (const step of ['refused connection', 'refused connection', ...steps] as const) {
          times.push(clock.monotonic());
          await attempt(step);
        }
        for (const [n, at] of times.entries())
          if (n >= RECONNECT.attemptsPerMinute)
            expect(at - times[n - RECONNECT.attemptsPerMinute]!).toBeGreaterThanOrEqual(MINUTE);
      }),
    );
  });
});
