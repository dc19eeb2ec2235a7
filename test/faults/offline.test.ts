/** F28: what a node costs its owner while no hub answers. A real agent core on a simulated machine, on virtual time. */
import { expect, it } from 'vitest';
import { VirtualWorld } from '../world/virtual-world.ts';

const MINUTE = 60_000;
const DAY_MINUTES = 24 * 60;

it('F28 a day without a hub costs less than half a percent of a core and at most six attempts a minute', async () => {
  await using world = await VirtualWorld.open({ nodes: 1 });
  const node = world.world.nodes[0]!;
  await world.until('a session', MINUTE, () => node.online);
  await world.clock.advance(2 * MINUTE);
  await world.stopHub();
  const perMinute: number[] = [];
  const cpu = process.cpuUsage();
  for (let minute = 0; minute < DAY_MINUTES; minute += 1) {
    const { dials } = node.wire;
    await world.clock.advance(MINUTE);
    perMinute.push(node.wire.dials - dials);
  }
  const { user, system } = process.cpuUsage(cpu);
  const share = (user + system) / 1_000 / (DAY_MINUTES * MINUTE);
  // The simulated chain and the test itself are in it too.
  expect(share).toBeLessThan(0.005);
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(6);
  expect(perMinute.reduce((sum, each) => sum + each, 0)).toBeLessThan(400);
  await world.startHub();
  await world.until('a session', 11 * MINUTE, () => node.online);
  expect(node.agent?.link()).toMatchObject({ state: 'established', sessions: 2 });
});
