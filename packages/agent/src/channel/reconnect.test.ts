import { CLOSE } from '@stoa/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelWorld, HOUR, HUB, MINUTE } from '#channel/channel-world.fixture.ts';
import type { Act } from '#channel/scripted-hub.fixture.ts';
import { IdentityStore, storeIdentity } from '#identity/identity-store.ts';

/** The most attempts that fall into any window of a minute. */
function mostPerMinute(times: readonly number[]): number {
  return Math.max(
    0,
    ...times.map((start) => times.filter((at) => at >= start && at < start + MINUTE).length),
  );
}

describe('reconnecting', () => {
  test('knows which of its hubs the session is with, also where the first is dead', async () => {
    const world = await channelWorld();
    const { disk, region, hub, clock } = world;
    const other = 'https://other.example';
    await storeIdentity(disk, '/two', { ...region.identity('a', HUB), hubs: [HUB, other] });
    hub.act = (n) => (n === 0 ? { close: CLOSE.unavailable } : 'welcome');
    const channel = world.makeChannel(await IdentityStore.open(disk, '/two'), 2);
    expect(channel.hubUrl).toBe(HUB);
    channel.start();
    await clock.advance(10 * MINUTE);
    expect([channel.status().state, channel.hubUrl]).toEqual(['established', other]);
    await channel.stop();
  });

  test('a lost session first waits uniformly over the reconnect window', async () => {
    const waits: number[] = [];
    for (let seed = 0; seed < 150; seed += 1) {
      const { clock, transport, channel } = await channelWorld(`agent ${seed}`);
      channel.start();
      await clock.advance(2 * MINUTE);
      transport.cut();
      waits.push(channel.status().retryInMs!);
    }
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    expect(Math.min(...waits)).toBeLessThan(5_000);
    expect(Math.max(...waits)).toBeGreaterThan(55_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    // Three standard deviations of the mean of 150 draws.
    expect(Math.abs(mean - 30_000)).toBeLessThan(4_300);
    const tenths = [0, 1, 2, 3, 4, 5].map(
      (i) => waits.filter((wait) => Math.floor(wait / 10_000) === i).length,
    );
    expect(Math.min(...tenths)).toBeGreaterThan(8);
  });

  test('F28 whatever the hub does, no more than six attempts fall into any minute', async () => {
    const act = fc.oneof(
      fc.constantFrom<Act>(
        'welcome',
        'drain',
        'silent',
        'mute',
        { close: 1000 },
        { close: CLOSE.replaced },
        { close: CLOSE.unavailable },
      ),
      fc.nat(100_000).map<Act>((retryAfterMs) => ({ say: 'throttle', value: { retryAfterMs } })),
    );
    const acts = fc.array(act, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        acts,
        fc.string(),
        fc.integer({ min: 1, max: 90 }),
        async (script, seed, cutEveryS) => {
          const { clock, hub, transport, longPoll, channel } = await channelWorld(seed);
          hub.act = (n) => script[n % script.length]!;
          hub.terms = { reconnectWindowMs: 0 };
          channel.start();
          for (let elapsedS = 0; elapsedS < 1_800; elapsedS += cutEveryS) {
            await clock.advance(1_000 * cutEveryS);
            transport.cut();
            longPoll.cut();
          }
          expect(mostPerMinute(hub.connections.map(({ at }) => at))).toBeLessThanOrEqual(6);
        },
      ),
      {
        numRuns: 25,
        // Hubs for which our own rules would dial at once, for ever.
        examples: [
          [['drain'], 'a', 90],
          [['drain', 'drain', 'welcome'], 'b', 70],
        ],
      },
    );
  }, 60_000);

  test('F28 a day without a hub takes fewer than 400 attempts', async () => {
    const { clock, transport, longPoll, channel } = await channelWorld();
    transport.faults.down = true;
    longPoll.faults.down = true;
    channel.start();
    await clock.advance(24 * HOUR);
    expect(transport.dials + longPoll.dials).toBeLessThan(400);
    expect(transport.dials + longPoll.dials).toBeGreaterThan(100);
    transport.faults.down = false;
    await clock.advance(11 * MINUTE);
    expect(channel.state).toBe('established');
  });

  test('a delay that the hub names is clamped: ten minutes before a session, an hour within one', async () => {
    const { clock, hub, channel } = await channelWorld();
    hub.act = () => ({ say: 'throttle', value: { retryAfterMs: 3_000_000_000 } });
    channel.start();
    await clock.advance(1_000);
    expect(channel.status().retryInMs).toBeGreaterThan(9.9 * MINUTE);
    hub.act = () => 'welcome';
    await clock.advance(10 * MINUTE);
    expect(channel.state).toBe('established');
    hub.send('goAway', { delayMs: 3_000_000_000, alternates: [] });
    await clock.advance(HOUR + 1_000);
    expect(hub.sessions.length).toBe(2);
  });
});

describe('clocks and silence', () => {
  test.for([10, -10])(
    'F21 a clock that is wrong by %d years connects, and the skew is shown',
    async (years) => {
      const { clock, hub, channel } = await channelWorld();
      const skewMs = years * 365 * 24 * HOUR;
      clock.skewWall(skewMs);
      channel.start();
      await clock.advance(MINUTE);
      expect(channel.state).toBe('established');
      expect(Math.abs(channel.status().skewMs! - skewMs)).toBeLessThan(1_000);
      clock.skewWall(-2 * skewMs);
      await clock.advance(HOUR);
      expect(channel.state).toBe('established');
      expect(hub.connections.length).toBe(1);
    },
  );

  test('F06 a connection that swallows everything is given up within two and a half pings', async () => {
    const { clock, transport, hub, channel } = await channelWorld();
    channel.start();
    await clock.advance(MINUTE + 7_000);
    transport.faults.blackHole = true;
    await clock.advance(29_000);
    expect(channel.state).toBe('established');
    await clock.advance(21_000);
    expect(channel.status()).toMatchObject({ state: 'waiting', lastFault: { code: 'dead_peer' } });
    transport.faults.blackHole = false;
    await clock.advance(MINUTE);
    expect(channel.state).toBe('established');
    expect(hub.sessions.length).toBe(2);
  });

  test('an attempt that hangs is given up', async () => {
    const { clock, transport, channel } = await channelWorld();
    transport.faults.blackHole = true;
    channel.start();
    await clock.advance(21_000);
    expect(channel.status()).toMatchObject({ state: 'waiting', lastFault: { code: 'handshake_timeout' } });
  });

  test('F33 stopping takes at most three seconds, also where nothing answers', async () => {
    const { clock, transport, channel, events } = await channelWorld();
    channel.start();
    await clock.advance(MINUTE);
    transport.faults.blackHole = true;
    let stopped = false;
    void channel.stop().then(() => {
      stopped = true;
    });
    await clock.advance(3_000);
    expect({ stopped, state: channel.state }).toEqual({ stopped: true, state: 'closed' });
    expect(events.at(-1)).toBe('lost');
    expect(clock.pending).toBe(0);
  });
});

describe('where WebSockets are blocked', () => {
  test('the frames go by long-poll, and return to WebSockets when those work again', async () => {
    const { clock, transport, longPoll, channel } = await channelWorld();
    transport.faults.refuse = 403;
    channel.start();
    await clock.advance(10 * MINUTE);
    expect(channel.status()).toMatchObject({ state: 'established', transport: 'long-poll' });
    expect(transport.dials).toBe(3);
    await clock.advance(3 * HOUR);
    expect(channel.status()).toMatchObject({ state: 'established', transport: 'long-poll', sessions: 1 });
    expect(transport.dials).toBeGreaterThan(3);
    expect(transport.dials).toBeLessThan(8);
    transport.faults.refuse = undefined;
    await clock.advance(80 * MINUTE);
    expect(channel.status()).toMatchObject({ state: 'established', transport: 'websocket' });
    expect(longPoll.dials).toBe(1);
  });

  test('a hub that is away is no reason to leave them', async () => {
    const { clock, transport, longPoll, channel } = await channelWorld();
    transport.faults.refuse = 502;
    longPoll.faults.refuse = 502;
    channel.start();
    await clock.advance(2 * HOUR);
    transport.faults.refuse = undefined;
    await clock.advance(30 * MINUTE);
    expect(channel.status()).toMatchObject({ state: 'established', transport: 'websocket' });
  });
});
