import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crowdOut } from './coin-troubles.ts';
import { type Command, readCommand, type SignedCommand } from './command.ts';
import { signCommand, signTransfer } from './drafting.ts';
import { key, poll, send, worldOf } from './kit.ts';
import { Mempool } from './mempool.ts';
import type { PactWorld } from './world.ts';

const [alice, bob, rich] = [key(1), key(2), key(3)];
const MINUTE = 60_000;

/** The block heights at which a chain's transactions stand, in the order of the chain. */
function minedOrder({ network }: PactWorld, chain = 0): string[] {
  const heights = Array.from({ length: network.main.end(chain) }, (_each, height) => height);
  return heights.flatMap((height) =>
    network.ledger.commandsOf(network.main.at(chain, height).header).map((command) => command.key),
  );
}

const priced = fc.record({
  gasPrice: fc.integer({ min: 10, max: 14 }),
  gasLimit: fc.integer({ min: 600, max: 700 }),
});

describe('a mempool', () => {
  it('gives the dearest first, among these the smallest, among these the oldest; no matter how they came', () => {
    const world = worldOf([]);
    fc.assert(
      fc.property(fc.array(priced, { minLength: 1, maxLength: 30 }), (all) => {
        const mempool = new Mempool();
        const commands = all.map(({ gasPrice, gasLimit }, i) =>
          readCommand(
            signCommand(world, { key: alice, code: '1', gasPrice: gasPrice * 1e-9, gasLimit, nonce: `${i}` }),
          ),
        );
        for (const command of commands) mempool.add(command);
        const order = (a: Command, b: Command) =>
          Number(b.gasPrice.units - a.gasPrice.units) || a.gasLimit - b.gasLimit;
        expect(mempool.pending(() => false, 0)).toEqual(commands.toSorted(order));
      }),
      { numRuns: 50 },
    );
  });

  it('takes ten thousand and no more', () => {
    const mempool = new Mempool();
    const command = readCommand(signCommand(worldOf([]), { key: alice, code: '1' }));
    for (let i = 0; i < 10_001; i += 1) mempool.add({ ...command, key: String(i) });
    expect(mempool.size).toBe(10_000);
    expect(mempool.has('9999')).toBe(true);
    expect(mempool.has('10000')).toBe(false);
  });
});

describe('blocks', () => {
  it('take the dearest that still fit into the gas that is left', async () => {
    const world = worldOf([alice], { orphanRate: 0 });
    const fitting = (gasLimit: number, gasPrice: number) =>
      signTransfer(world, { key: alice, to: bob, amount: '1.0', gasLimit, gasPrice, nonce: `${gasLimit}` });
    const failing = signCommand(world, {
      key: alice,
      code: '(coin.fail)',
      gasLimit: 1_000_000,
      gasPrice: 3e-8,
    });
    const [large, small] = [fitting(700_000, 2e-8), fitting(500_000, 1e-8)];
    await send(world, [small, large, failing]);
    world.advance(3 * MINUTE);
    const heights = await Promise.all([failing, large, small].map((each) => heightOf(world, each)));
    expect(minedOrder(world)).toEqual([failing.hash, small.hash, large.hash]);
    expect(heights[2]).toBe(heights[0]);
    expect(heights[1]).toBeGreaterThan(heights[0]!);
  });

  it('that others pay more for leave a transaction waiting, until its time is over', async () => {
    const world = worldOf([alice, rich], { orphanRate: 0 });
    const command = signTransfer(world, { key: alice, to: bob, amount: '1.0', gasLimit: 200_000, ttl: 300 });
    await send(world, [command]);
    crowdOut(world, { key: rich, chain: 0, blocks: 30, gasPrice: 2e-8 });
    world.advance(5 * MINUTE);
    expect(await poll(world, command)).toBeUndefined();
    world.advance(30 * MINUTE);
    expect(await poll(world, command)).toBeUndefined();
    expect(minedOrder(world)).toHaveLength(30);
  });

  it('are not filled beyond the limit of the node that mines them', async () => {
    const world = worldOf([alice], { nodes: [{ mines: false }, { gasLimitOfBlock: 400_000 }] });
    const [small, large] = [400_000, 400_001].map((gasLimit) =>
      signTransfer(world, { key: alice, to: bob, amount: '1.0', gasLimit }),
    ) as [SignedCommand, SignedCommand];
    await send(world, [small, large]);
    world.advance(5 * MINUTE);
    expect(minedOrder(world)).toEqual([small.hash]);
  });
});

describe('gossip', () => {
  const nodes = [{ mines: false }, {}];

  it('brings what one node was sent to those who mine, and not what was lost with the mempool', async () => {
    const world = worldOf([alice], { nodes });
    const [heard, lost] = ['1', '2'].map((nonce) =>
      signTransfer(world, { key: alice, to: bob, amount: '1.0', nonce }),
    );
    await send(world, [heard!]);
    world.advance(MINUTE);
    await send(world, [lost!]);
    world.nodes[0]!.pact.restart();
    world.advance(3 * MINUTE);
    expect(minedOrder(world)).toEqual([heard!.hash]);
  });

  it('leaves out what exceeds the gas limit of the node that asks', async () => {
    const world = worldOf([alice], { nodes: [{ gasLimitOfBlock: 2_000_000, mines: false }, {}] });
    const [large, small] = [1_600_001, 1_600_000].map((gasLimit) =>
      signTransfer(world, { key: alice, to: bob, amount: '1.0', gasLimit }),
    ) as [SignedCommand, SignedCommand];
    expect(await send(world, [large, small])).toMatchObject({ status: 200 });
    world.advance(5 * MINUTE);
    expect(minedOrder(world)).toEqual([small.hash]);
    expect(world.nodes[1]!.pact.mempool(0).has(large.hash)).toBe(false);
  });

  it('of a chain stands still while all that is missing exceeds 2 MiB', async () => {
    const world = worldOf([alice], { nodes });
    const heavy = (i: number) =>
      signCommand(world, {
        ...{ key: alice, code: '1', data: { padding: '"'.repeat(100_000) } },
        ...{ gasLimit: 100_000, nonce: String(i) },
      });
    for (let i = 0; i < 5; i += 1) await send(world, [heavy(i)]);
    world.advance(3 * MINUTE);
    expect(minedOrder(world)).toEqual([]);
    expect(world.nodes[1]!.pact.mempool(0).size).toBe(0);
    const small = signTransfer(world, { key: alice, to: bob, amount: '1.0', chain: 1 });
    await send(world, [small], { chain: 1 });
    world.advance(3 * MINUTE);
    expect(minedOrder(world, 1)).toEqual([small.hash]);
  });

  it('is asked for over the P2P port', async () => {
    const world = worldOf([alice], { nodes });
    const command = signTransfer(world, { key: alice, to: bob, amount: '1.0' });
    await send(world, [command]);
    const ask = async (node: number, call: string, body?: unknown, method = 'POST') => {
      const base = `${world.nodes[node]!.p2pUrl}/chainweb/0.0/simulated/chain/0/mempool`;
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      return (await (await world.fetch(`${base}/${call}`, { method, ...text })).json()) as unknown;
    };
    expect(await ask(0, 'getPending')).toEqual({ hashes: [command.hash], highwaterMark: [1, 1] });
    expect(await ask(0, 'getPending?nonce=1&since=1')).toEqual({ hashes: [], highwaterMark: [1, 1] });
    expect(await ask(0, 'member', [command.hash, 'A'])).toEqual([true, false]);
    expect(await ask(1, 'lookup', [command.hash])).toEqual([{ tag: 'Missing' }]);
    const [found] = (await ask(0, 'lookup', [command.hash])) as [{ contents: string }];
    expect(JSON.parse(found.contents)).toEqual(command);
    await ask(1, 'insert', [found.contents], 'PUT');
    expect(await ask(1, 'member', [command.hash])).toEqual([true]);
  });
});

it('a block whose payload exceeds 2 MiB is its miner’s alone, and the chain goes on without it', async () => {
  const world = worldOf([alice], { orphanRate: 0, nodes: [{}, { mines: false }] });
  const heavy = (i: number) =>
    signCommand(world, {
      ...{ key: alice, code: '1', data: { padding: '"'.repeat(100_000) } },
      ...{ gasLimit: 100_000, nonce: String(i), ttl: 600 },
    });
  await send(world, [heavy(100), heavy(101)]);
  world.advance(5 * MINUTE);
  expect(minedOrder(world)).toHaveLength(2);
  for (let i = 0; i < 8; i += 1) await send(world, [heavy(i)]);
  world.advance(5 * MINUTE);
  expect(minedOrder(world)).toHaveLength(2);
  world.advance(20 * MINUTE);
  expect(world.network.main.end(0)).toBeGreaterThan(20);
});

async function heightOf(world: PactWorld, command: SignedCommand): Promise<number | undefined> {
  return (await poll(world, command))?.metaData?.blockHeight;
}
