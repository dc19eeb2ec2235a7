import { VirtualClock } from '@stoa/agent';
import { expect, it } from 'vitest';
import { SharedTime } from './shared-time.ts';

const START = Date.UTC(2026, 10, 26, 19);

it('goes in step in all processes, as fast as it may and never faster than the slowest', async () => {
  const shared = new SharedTime({ startMs: START, settle: () => Promise.resolve() });
  const other = new VirtualClock(START);
  const rang: string[] = [];
  shared.clock.after(120_000, () => rang.push('here'));
  other.after(120_000, () => rang.push('there'));
  shared.follow(async (ms) => {
    // It is behind until it has done what it had to.
    await Promise.resolve();
    expect(other.now()).toBeLessThanOrEqual(shared.clock.now());
    await other.advance(ms);
  });
  await shared.turn(20);
  expect(shared.clock.now()).toBe(START + 20);
  shared.speed = 60;
  await shared.turn(20);
  expect(shared.clock.now()).toBe(START + 20 + 1_200);
  // A turn that took a second of real time is no minute: what was lost is not made up for.
  await shared.turn(1_000);
  expect(shared.clock.now()).toBe(START + 20 + 1_200 + 2_500);
  for (let i = 0; i < 60; i += 1) {
    await shared.turn(40);
    expect(other.now()).toBe(shared.clock.now());
  }
  expect(rang.sort()).toEqual(['here', 'there']);
});
