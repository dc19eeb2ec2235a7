import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Branch, SimulatedNetwork } from '../index.ts';
import type { SignedCommand } from './command.ts';
import { signTransfer } from './drafting.ts';
import { execute } from './execution.ts';
import { key, poll, send, worldOf } from './kit.ts';
import { reorganise } from './reorg.ts';
import { type ChainState, Draft } from './state.ts';
import { Decimal } from './value.ts';
import type { PactWorld } from './world.ts';

const [alice, bob, carol] = [key(1), key(2), key(3)];
const KEYS = [alice, bob, carol];
const MINUTE = 60_000;

/** What the chain holds by its blocks' transactions alone, one after the other from the genesis on. */
function replay({ ledger, payloads }: SimulatedNetwork, branch: Branch, chain: number): ChainState {
  let state = ledger.stateOf(branch.at(chain, 0).header);
  for (let height = 1; height < branch.end(chain); height += 1) {
    const { header } = branch.at(chain, height);
    const { account } = JSON.parse(Buffer.from(payloads.get(header.payloadHash)!.minerData).toString()) as {
      account: string;
    };
    const { modules, provenStep } = ledger;
    const draft = new Draft(state);
    const place = { parent: branch.at(chain, height - 1).header };
    for (const command of ledger.commandsOf(header))
      execute(command, { draft, modules, provenStep, place, miner: account });
    state = draft.finish();
  }
  return state;
}

const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      from: fc.nat(2),
      to: fc.nat(2),
      amount: fc.integer({ min: 1, max: 80 }),
      node: fc.nat(1),
      chain: fc.nat(1),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reorg' as const),
      depth: fc.integer({ min: 1, max: 8 }),
      fate: fc.constantFrom('kept', 'reordered', 'returned', 'lost'),
    }),
  },
);

async function act(
  world: PactWorld,
  each: typeof action extends fc.Arbitrary<infer T> ? T : never,
  i: number,
) {
  switch (each.kind) {
    case 'send': {
      const { from, to, amount, node, chain } = each;
      const draft = { key: KEYS[from]!, to: KEYS[to]!, amount: `${amount}.5`, chain, nonce: String(i) };
      await send(world, [signTransfer(world, draft)], { node, chain });
      return;
    }
    case 'wait':
      world.advance(each.minutes * MINUTE);
      return;
    case 'reorg':
      reorganise(world.network, each);
  }
}

describe('after any reorganisation', () => {
  it('a chain holds what its winning fork’s transactions come to, each of them once, and no coin more or less', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(action, { maxLength: 14 }), async (seed, actions) => {
        const world = worldOf(KEYS, { seed, orphanRate: 0.1 });
        for (const [i, each] of actions.entries()) await act(world, each, i);
        world.advance(2 * MINUTE);
        const { network } = world;
        for (const chain of [0, 1]) {
          const state = network.ledger.stateOf(network.main.tip(chain).header);
          expect(state).toEqual(replay(network, network.main, chain));
          const rows = [...state.tables.get('coin_coin-table')!.values()];
          const coins = rows.reduce((sum, { balance }) => sum.plus(balance as Decimal), Decimal.zero);
          expect(coins).toEqual(Decimal.of(300));
        }
      }),
      { numRuns: 60 },
    );
  });
});

it('what is mined depends on what was sent when, not on the steps in which time goes on', async () => {
  const run = async (step: number) => {
    const world = worldOf(KEYS, { nodes: [{ mines: false }, { propagationMs: 20_000 }, {}] });
    for (let i = 0; i < 6; i += 1) {
      const draft = { key: alice, to: bob, amount: `${i}.5`, gasPrice: (10 + (i % 3)) * 1e-9 };
      await send(world, [signTransfer(world, draft)], { node: i % 2 });
      for (let left = 90_000; left > 0; left -= step) {
        world.clock.advance(Math.min(step, left));
        world.network.sync();
      }
    }
    return world.nodes[0]!.cut();
  };
  const whole = await run(90_000);
  expect(await run(1_000)).toEqual(whole);
  expect(await run(7_000)).toEqual(whole);
});

describe('the transactions of orphaned blocks', () => {
  async function mined(): Promise<[PactWorld, SignedCommand]> {
    const world = worldOf(KEYS, { orphanRate: 0 });
    const command = signTransfer(world, { key: alice, to: bob, amount: '5.0' });
    await send(world, [command]);
    world.advance(2 * MINUTE);
    expect(await poll(world, command)).toMatchObject({ result: { status: 'success' } });
    return [world, command];
  }

  it('stand in other blocks where these hold them', async () => {
    const [world, command] = await mined();
    const before = await poll(world, command);
    reorganise(world.network, { depth: 12, fate: 'kept' });
    const after = await poll(world, command);
    expect(after?.result).toEqual(before?.result);
    expect(after?.metaData?.blockHash).not.toBe(before?.metaData?.blockHash);
  });

  it('are pending again where they don’t, and mined once more', async () => {
    const [world, command] = await mined();
    reorganise(world.network, { depth: 12, fate: 'returned' });
    expect(await poll(world, command)).toBeUndefined();
    world.advance(2 * MINUTE);
    expect(await poll(world, command)).toMatchObject({ result: { status: 'success' } });
  });

  it('are lost where no node remembers them, until they are sent again', async () => {
    const [world, command] = await mined();
    reorganise(world.network, { depth: 12, fate: 'lost' });
    world.advance(5 * MINUTE);
    expect(await poll(world, command)).toBeUndefined();
    expect(await send(world, [command])).toMatchObject({ status: 200 });
    world.advance(2 * MINUTE);
    expect(await poll(world, command)).toMatchObject({ result: { status: 'success' } });
  });

  it('of one chain alone may be lost', async () => {
    const [world, command] = await mined();
    const other = signTransfer(world, { key: alice, to: bob, amount: '5.0', chain: 1 });
    await send(world, [other], { chain: 1 });
    world.advance(2 * MINUTE);
    reorganise(world.network, { depth: 16, fate: 'lost', chain: 1 });
    expect(await poll(world, command)).toMatchObject({ result: { status: 'success' } });
    expect(await poll(world, other, { chain: 1 })).toBeUndefined();
  });

  it('come to something else after what was mined before them', async () => {
    const [world, command] = await mined();
    const other = signTransfer(world, {
      key: alice,
      to: carol,
      amount: '99.0',
      creationTime: created(command),
    });
    reorganise(world.network, { depth: 12, fate: { conflicting: [other] } });
    expect(await poll(world, other)).toMatchObject({ result: { status: 'success' } });
    expect(await poll(world, command)).toMatchObject({ result: { status: 'failure' }, gas: 2_500 });
  });
});

function created({ cmd }: SignedCommand): number {
  return (JSON.parse(cmd) as { meta: { creationTime: number } }).meta.creationTime;
}
