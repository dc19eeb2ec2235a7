import type { Random } from '../random.ts';
import { readCommand, type SignedCommand } from './command.ts';
import { accountOf, signCommand, signTransfer } from './drafting.ts';
import type { PactKey } from './pact-key.ts';
import type { Trouble } from './troubles.ts';
import { Decimal } from './value.ts';
import type { PactWorld } from './world.ts';

/** Above what the mint pays. */
const DEAR = 1e-7;
const FILLING_GAS = 1_500_000;
const TRANSFER_GAS = 2_500;

/** Fills the next blocks of a chain: each of these fails, and so takes all of its gas. Its key needs the coins for it. */
export function crowdOut(
  world: PactWorld,
  { key, chain, blocks, gasPrice }: { key: PactKey; chain: number; blocks: number; gasPrice: number },
): void {
  for (let i = 0; i < blocks; i += 1) {
    const filler = { key, chain, gasPrice, code: '(coin.fail)', nonce: `${world.clock.now()} ${i}` };
    offerToAll(world, chain, signCommand(world, { ...filler, gasLimit: FILLING_GAS }));
  }
}

/** Somebody pays more for all of a chain's next blocks. @param key of an account that can afford it */
export function crowding(key: PactKey): Trouble {
  return {
    name: 'blocks full of dearer transactions',
    begin: (world, random) => {
      const blocks = 2 + Math.floor(random() * 6);
      crowdOut(world, { key, chain: chainOf(world, random), blocks, gasPrice: DEAR });
      return () => undefined;
    },
  };
}

/** Everything that the payer has on a chain goes to the other's account, and in the end comes back. */
export function draining(payer: PactKey, other: PactKey): Trouble {
  return {
    name: 'gas account drained',
    begin: (world, random) => {
      const chain = chainOf(world, random);
      const fee = Decimal.of(DEAR).times(TRANSFER_GAS);
      const amount = balanceOf(world, payer, chain).minus(fee);
      if (amount.units <= 0n) return () => undefined;
      const move = (from: PactKey, to: PactKey) => {
        const draft = {
          key: from,
          to,
          chain,
          amount: String(amount),
          gasPrice: DEAR,
          gasLimit: TRANSFER_GAS,
        };
        offerToAll(world, chain, signTransfer(world, { ...draft, nonce: `${world.clock.now()}` }));
      };
      move(payer, other);
      return () => move(other, payer);
    },
  };
}

/** As the first node has it. */
export function balanceOf({ network, nodes }: PactWorld, key: PactKey, chain: number): Decimal {
  const state = network.ledger.stateOf(nodes[0]!.head(chain).header);
  const row = state.tables.get('coin_coin-table')?.get(accountOf(key));
  return row === undefined ? Decimal.zero : (row['balance'] as Decimal);
}

function offerToAll({ nodes }: PactWorld, chain: number, signed: SignedCommand): void {
  const command = readCommand(signed);
  for (const node of nodes) node.pact.offer(chain, command);
}

function chainOf({ network }: PactWorld, random: Random): number {
  return Math.floor(random() * network.network.graph.length);
}
