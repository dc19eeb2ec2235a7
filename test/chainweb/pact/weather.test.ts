import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { crowding, draining } from './coin-troubles.ts';
import type { SignedCommand } from './command.ts';
import { signTransfer } from './drafting.ts';
import { balance, key, poll, worldOf } from './kit.ts';
import { troubles } from './troubles.ts';
import { Weather } from './weather.ts';
import type { PactWorld } from './world.ts';

const [alice, bob, rich] = [key(1), key(2), key(3)];
const MINUTE = 60_000;

function start(seed: number) {
  const world = worldOf([alice, rich], { seed, nodes: [{}, {}, {}] });
  const weather = new Weather(world, {
    random: createRandom(seed),
    among: [...troubles, crowding(rich), draining(alice, rich)],
    everyMs: 3 * MINUTE,
  });
  return { world, weather };
}

/** Sends the same bytes to one node after the other, and never looks at what they say. */
function insist(world: PactWorld, commands: readonly SignedCommand[], turn: number): void {
  const { nodes } = world;
  for (const command of commands)
    nodes[turn % nodes.length]!.handle({
      ...{ port: 'service', method: 'POST', body: JSON.stringify({ cmds: [command] }) },
      path: new URL(`${world.pactUrl(0, 0)}/api/v1/send`).pathname,
    });
}

async function run(seed: number) {
  const { world, weather } = start(seed);
  const commands = ['1.0', '2.0', '4.0'].map((amount) =>
    signTransfer(world, { key: alice, to: bob, amount, ttl: 86_400, gasPrice: 2e-7 }),
  );
  for (let turn = 0; turn < 40; turn += 1) {
    insist(world, commands, turn);
    world.advance(MINUTE);
    weather.tick();
  }
  weather.calm();
  for (let turn = 0; turn < 20; turn += 1) {
    insist(world, commands, turn);
    world.advance(MINUTE);
  }
  return { world, weather, commands };
}

describe('weather', () => {
  it('leaves a network on which what is insisted on comes to pass once, and all nodes agree', async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const { world, weather, commands } = await run(seed);
      expect(weather.log.length).toBeGreaterThan(3);
      const outcomes = await Promise.all(commands.map((each) => poll(world, each, { depth: 6 })));
      for (const outcome of outcomes) expect(outcome?.result.status).toMatch(/success|failure/);
      const amounts = outcomes.map((each, i) => (each?.result.status === 'success' ? 2 ** i : 0));
      const sum = amounts.reduce((all, each) => all + each, 0);
      for (const node of [0, 1, 2]) expect((await balance(world, bob, { node })) ?? 0).toBe(sum);
    }
  });

  it('is the same for the same seed', async () => {
    const [one, again, other] = [await run(7), await run(7), await run(8)];
    expect(again.weather.log).toEqual(one.weather.log);
    expect(again.world.nodes[0]!.cut()).toEqual(one.world.nodes[0]!.cut());
    expect(other.weather.log).not.toEqual(one.weather.log);
  });
});
