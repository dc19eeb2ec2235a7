/** F03: an outage of the hub, or of the net before it, is not held against the nodes. On virtual time. */
import { describe, expect, it } from 'vitest';
import { VirtualWorld } from '../world/virtual-world.ts';
import type { WorldNode } from '../world/world-node.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function everybodyOnline(world: VirtualWorld): Promise<void> {
  const count = world.world.nodes.length;
  await world.until('everybody online', 5 * MINUTE, async () => (await world.states()).online === count);
}

function blackHole(nodes: readonly WorldNode[], on: boolean): void {
  for (const node of nodes) node.wire.faults.blackHole = on;
}

function alarms(world: VirtualWorld): number {
  return world.hub.log.filter((line) => line.includes('fell silent together')).length;
}

describe('an outage of the hub', () => {
  it('F03 of two hours calls no node offline, neither during the return nor after it', async () => {
    await using world = await VirtualWorld.open({ nodes: 24, pollCutMs: 60_000 });
    await everybodyOnline(world);
    await world.stopHub();
    await world.clock.advance(2 * HOUR);
    await world.startHub();
    let offline = 0;
    for (let i = 0; i < 60; i += 1) {
      offline = Math.max(offline, (await world.states()).offline);
      await world.clock.advance(15_000);
    }
    expect(offline).toBe(0);
    expect((await world.states()).online).toBe(24);
    expect(world.world.online).toBe(24);
  });
});

describe('a mass expiry', () => {
  it('F03 freezes the states and raises one alarm; the nodes that are back thaw them', async () => {
    await using world = await VirtualWorld.open({ nodes: 40, pollCutMs: 60_000 });
    await everybodyOnline(world);
    const silent = world.world.nodes.slice(0, 30);
    expect(new Set(silent.map((node) => node.place.owner)).size).toBeGreaterThanOrEqual(3);
    blackHole(silent, true);
    let offline = 0;
    for (let i = 0; i < 40; i += 1) {
      await world.clock.advance(30_000);
      offline = Math.max(offline, (await world.states()).offline);
    }
    expect(offline).toBe(0);
    expect(alarms(world)).toBe(1);
    blackHole(silent, false);
    await world.until('everybody back', 30 * MINUTE, () => world.world.online === 40);
    await world.clock.advance(2 * MINUTE);
    expect(world.hub.hub.liveness.at().frozenSince).toBeUndefined();
    expect(await world.states()).toMatchObject({ online: 40, offline: 0 });
    expect(alarms(world)).toBe(1);
  });

  it('F03 cannot be caused by one owner alone, with however many nodes in however many networks', async () => {
    const mallory = 'mallory@stoa.example';
    await using world = await VirtualWorld.open({
      nodes: 40,
      pollCutMs: 60_000,
      place: (index) => (index < 30 ? { owner: mallory } : {}),
    });
    await everybodyOnline(world);
    blackHole(
      world.world.nodes.filter(({ place }) => place.owner === mallory),
      true,
    );
    await world.clock.advance(10 * MINUTE);
    expect(alarms(world)).toBe(0);
    expect(await world.states()).toMatchObject({ online: 10, offline: 30 });
  });
});
