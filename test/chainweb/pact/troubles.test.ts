import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import type { SignedCommand } from './command.ts';
import { signTransfer } from './drafting.ts';
import { balance, key, poll, worldOf } from './kit.ts';
import { troubles } from './troubles.ts';
import type { PactWorld } from './world.ts';

const [alice, bob] = [key(1), key(2)];
const MINUTE = 60_000;

/** Sends as who gives up after a minute, and knows nothing then. */
async function attempt(world: PactWorld, command: SignedCommand, node: number): Promise<string> {
  const patience = new AbortController();
  const asked = world.fetch(`${world.pactUrl(node, 0)}/api/v1/send`, {
    method: 'POST',
    body: JSON.stringify({ cmds: [command] }),
    signal: patience.signal,
  });
  const answer = asked.then(
    async (response) => `${response.status}: ${await response.text()}`,
    (error: Error) => error.message,
  );
  world.advance(MINUTE);
  // What has come by now is read before patience ends.
  await new Promise((resolve) => setImmediate(resolve));
  patience.abort(new Error('no patience'));
  return answer;
}

describe('under every trouble', () => {
  it.each(troubles)('$name: what is sent again until it is found is mined once', async ({ begin }) => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const random = createRandom(seed);
      const world = worldOf([alice], { seed, nodes: [{}, {}, {}] });
      const command = signTransfer(world, { key: alice, to: bob, amount: '3.0', ttl: 7_200 });
      const end = begin(world, random);
      for (const node of [0, 1, 2]) await attempt(world, command, node);
      end();
      for (let tries = 0; tries < 20 && (await poll(world, command, { depth: 3 })) === undefined; tries += 1)
        await attempt(world, command, tries % 3);
      expect(await poll(world, command, { depth: 3 })).toMatchObject({ result: { status: 'success' } });
      expect(await balance(world, bob)).toBe(3);
    }
  });
});

describe('of /send', () => {
  const nodes = [{}, {}];
  const start = () => {
    const world = worldOf([alice], { orphanRate: 0, nodes });
    return {
      world,
      node: world.nodes[0]!,
      command: signTransfer(world, { key: alice, to: bob, amount: '1.0' }),
    };
  };

  it.each([
    [{ kind: 'reset' }, 'fetch failed', true],
    [{ kind: 'reset', before: true }, 'fetch failed', false],
    [{ kind: 'hang' }, 'no patience', true],
    [{ kind: 'hang', before: true }, 'no patience', false],
    [{ kind: 'status', status: 502 }, '502: ', true],
    [{ kind: 'status', status: 503, before: true }, '503: ', false],
    [{ kind: 'truncate', bytes: 10 }, '200: {"requestK', true],
    [{ kind: 'slow', ms: 90_000 }, 'no patience', true],
    [{ kind: 'slow', ms: 30_000 }, /^200: \{"requestKeys":/, true],
    [{ kind: 'slow', ms: 90_000, before: true }, 'no patience', false],
  ] as const)('%j: the client hears %s, and the node took it: %s', async (fault, heard, taken) => {
    const { world, node, command } = start();
    node.fault = ({ path }) => (path.endsWith('/send') ? fault : undefined);
    expect(await attempt(world, command, 0)).toMatch(heard);
    const took = node.pact.mempool(0).has(command.hash) || node.pact.isMined(0)(command.hash);
    expect(took).toBe(taken);
  });

  it('a node with a higher minimum price, or a smaller limit, refuses what others take', async () => {
    const { world, node, command } = start();
    node.configure({ minGasPrice: 1e-7 });
    expect(await attempt(world, command, 0)).toContain('is below minimum gas price (0.0000001)');
    node.configure({ minGasPrice: 1e-8, gasLimitOfBlock: 1_000 });
    expect(await attempt(world, command, 0)).toContain('exceeds block gas limit (1000)');
    expect(await attempt(world, command, 1)).toMatch(/^200/);
  });

  it('an account that was drained buys no gas', async () => {
    const { world, command } = start();
    const all = signTransfer(world, { key: alice, to: bob, amount: '99.99998', nonce: 'all' });
    await attempt(world, all, 0);
    world.advance(3 * MINUTE);
    expect(await poll(world, all)).toMatchObject({ result: { status: 'success' } });
    expect(await attempt(world, command, 0)).toContain('Failed to buy gas: Insufficient funds');
  });
});

it('a network whose blocks are slowed down goes through a day at once, and is as before afterwards', () => {
  const world = worldOf([]);
  const height = () => world.network.main.minHeight();
  world.network.slowDown(40);
  const before = height();
  world.clock.advance(24 * 60 * MINUTE);
  world.network.slowDown(1);
  expect(height() - before).toBeLessThan(120);
  const after = height();
  world.advance(60 * MINUTE);
  expect(height() - after).toBeGreaterThan(80);
});
