/** F21 seen from the hub: a node whose clock is anywhere. A bare agent, a real hub. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quietHeartbeat } from '../kit/heartbeat.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';
import { ShiftedClock } from '../kit/shifted-clock.ts';
import { WireAgent } from '../kit/wire-agent.ts';

const MINUTE = 60_000;
const FIVE_MINUTES = 5 * MINUTE;
const YEAR = 8_766 * 60 * MINUTE;

const clock = new ShiftedClock();
let world: TestHub;

beforeAll(async () => {
  world = await openTestHub({ clock });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a node whose clock', () => {
  it.each([
    ['is ten years behind', () => -10 * YEAR],
    ['is ten years ahead', () => 10 * YEAR],
    ['stands at 1970', () => -clock.now()],
  ])(
    'F21 %s has its session, its minute and its samples in the hub’s time; the skew is kept to be shown',
    async (_what, skewOf) => {
      const skewMs = skewOf();
      const identity = await world.enrol();
      const agent = await new WireAgent(world.hub.url.origin, identity).connect();
      const { gauges } = quietHeartbeat();
      const now = clock.now();
      agent.send('heartbeat', quietHeartbeat({ sentAt: Math.max(0, now + skewMs) }));
      const { hubTime } = await agent.expect('heartbeatAck');
      expect(Math.abs(hubTime - now)).toBeLessThan(MINUTE);
      // Kept while there was no session, an hour ago by the node's clock.
      agent.send('metricsBatch', {
        samples: [{ at: Math.max(0, now + skewMs - 60 * MINUTE), gauges }],
        dropped: 0,
      });
      agent.send('ping', { intervalMs: 20_000 });
      await agent.expect('pong');
      await agent.close();
      const [status] = await world.database.sql<{ skew_ms: bigint; last_seen: Date }[]>`
      select skew_ms, last_seen from node_status where node_id = ${identity.nodeId}`;
      expect(Math.abs(Number(status!.skew_ms) - skewMs)).toBeLessThan(MINUTE);
      expect(Math.abs(status!.last_seen.getTime() - now)).toBeLessThan(MINUTE);
      const words = await world.database.sql<{ hub_hour: number }[]>`
      select hub_hour from uptime_words where node_id = ${identity.nodeId}`;
      expect(words.map(({ hub_hour }) => hub_hour)).toEqual([Math.floor(hubTime / (60 * MINUTE))]);
      clock.advance(2 * MINUTE);
      await world.hub.tickers.run('history-recorder');
      const rows = await world.database.sql<{ bucket: Date }[]>`
      select bucket from metrics_5m where node_id = ${identity.nodeId} order by bucket`;
      const buckets = rows.map(({ bucket }) => bucket.getTime());
      const bucketOf = (at: number) => Math.floor(at / FIVE_MINUTES) * FIVE_MINUTES;
      expect(buckets).toContain(bucketOf(hubTime));
      if (skewMs > -clock.now() + 60 * MINUTE) expect(buckets).toContain(bucketOf(hubTime - 60 * MINUTE));
      expect(buckets.every((at) => Math.abs(at - now) < 2 * 60 * MINUTE)).toBe(true);
    },
  );
});
