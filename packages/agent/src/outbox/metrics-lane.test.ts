import { decodeAgentMessage, type Gauges, type MetricsBatch } from '@stoa/protocol';
import { expect, test } from 'vitest';
import { MetricsLane } from '#outbox/metrics-lane.ts';
import { VirtualClock } from '#virtual-clock.ts';

function gauges(peers: number): Gauges {
  const zero = { cpuPermille: 0, loadCenti: 0, memUsedMb: 0, memTotalMb: 0, diskFreeMb: 0, diskTotalMb: 0 };
  return { ...zero, rxKbps: 0, txKbps: 0, rttMs: 0, peers };
}

function batchOf(lane: MetricsLane): MetricsBatch | undefined {
  const taken = lane.take();
  if (taken === undefined) return undefined;
  return decodeAgentMessage(taken.message.type, taken.message.payload).value as MetricsBatch;
}

test('keeps the newest samples and counts what it dropped', async () => {
  const clock = new VirtualClock();
  const lane = new MetricsLane({ clock, most: 10, ready: () => undefined });
  for (let n = 0; n < 25; n += 1) lane.add(gauges(n));
  const batch = batchOf(lane)!;
  expect(batch.samples.map((sample) => sample.gauges.peers)).toEqual([
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
  ]);
  expect([batch.dropped, lane.dropped, lane.length]).toEqual([15, 15, 0]);
});

test('a clock that was set meanwhile bends no sample', async () => {
  const clock = new VirtualClock();
  const lane = new MetricsLane({ clock, ready: () => undefined });
  lane.add(gauges(1));
  clock.skewWall(-10 * 365 * 86_400_000);
  await clock.advance(60_000);
  lane.add(gauges(2));
  await clock.advance(30_000);
  expect(batchOf(lane)!.samples.map(({ at }) => clock.now() - at)).toEqual([90_000, 30_000]);
});

test('sends two batches a minute and asks to be looked at again when it may send more', async () => {
  const clock = new VirtualClock();
  const batches: (number | undefined)[] = [];
  const pump = () => {
    for (let batch = batchOf(lane); batch !== undefined; batch = batchOf(lane))
      batches.push(batch.samples.length);
  };
  const lane = new MetricsLane({ clock, ready: pump });
  for (let n = 0; n < 700; n += 1) lane.add(gauges(1));
  pump();
  expect(batches).toEqual([240, 240]);
  await clock.advance(59_000);
  pump();
  expect(batches.length).toBe(2);
  await clock.advance(1_000);
  expect(batches).toEqual([240, 240, 220]);
  lane.stop();
  expect(clock.pending).toBe(0);
});
