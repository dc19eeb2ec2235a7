import { sizeGas } from '@stoa/protocol/mint';
import { ManualClock } from '../../test/chainweb/index.ts';
import { openPactWorld, type PactModule, type PactWorld } from '../../test/chainweb/pact/index.ts';
import { CONTRACT, CUT_AT, type SignedDay } from './mint-day.ts';

export interface Sweep {
  /** From sent to the last batch in a block, virtual time. */
  readonly seconds: number;
  /** Of the slowest chain: from its height when the first batch was sent to that of its last. */
  readonly blocks: number;
}

const NODES = 4;
/** As often as the sequencer looks. */
const LOOK_MS = 5_000;
const GIVEN_UP_MS = 3_600_000;

/**
 * A sweep of what was signed, on a network of its own: nodes with real mempools, block limits, gossip every half minute and its
 * two limits of 2 MiB. One batch of a chain is under way at a time. What the contract does with it is weighed, not run: it takes
 * the gas that is planned.
 */
export async function sweep(day: SignedDay, seed: number): Promise<Sweep> {
  const world = openPactWorld({
    ...{ seed, clock: new ManualClock(CUT_AT), orphanRate: 0.02, modules: [weighed(day)] },
    accounts: [
      {
        account: `k:${day.publicKey}`,
        guard: { pred: 'keys-all', keys: [day.publicKey] },
        balance: 100,
      },
    ],
    nodes: Array.from({ length: NODES }, () => ({})),
  });
  const lanes = day.batches.map((batches, chain) => new SweepLane(world, chain, batches));
  const begun = world.clock.now();
  for (const lane of lanes) await lane.look();
  while (lanes.some(({ done }) => !done)) {
    if (world.clock.now() - begun > GIVEN_UP_MS) throw new Error(`seed ${seed}: not mined within an hour`);
    world.advance(LOOK_MS);
    for (const lane of lanes) await lane.look();
  }
  return {
    seconds: Math.max(...lanes.map(({ minedAt }) => (minedAt - begun) / 1_000)),
    blocks: Math.max(...lanes.map(({ blocks }) => blocks)),
  };
}

class SweepLane {
  blocks = 0;
  minedAt = 0;
  readonly #world: PactWorld;
  readonly #chain: number;
  readonly #left: SignedDay['batches'][number][number][];
  readonly #from: number;
  #sent = false;

  constructor(world: PactWorld, chain: number, batches: SignedDay['batches'][number]) {
    this.#world = world;
    this.#chain = chain;
    this.#left = [...batches];
    this.#from = world.nodes[0]!.head(chain).header.height;
  }

  get done(): boolean {
    return this.#left.length === 0;
  }

  async look(): Promise<void> {
    const [batch] = this.#left;
    if (batch === undefined) return;
    if (!this.#sent) {
      this.#sent = true;
      for (const node of this.#world.nodes.keys()) await this.#post(node, 'send', { cmds: [batch] });
      return;
    }
    const answer = await this.#post(0, 'poll', { requestKeys: [batch.hash] });
    const found = (answer as Record<string, Mined>)[batch.hash];
    if (found === undefined) return;
    if (found.result.status !== 'success')
      throw new Error(`chain ${this.#chain}: ${JSON.stringify(found.result)}`);
    this.#left.shift();
    this.#sent = false;
    this.blocks = found.metaData.blockHeight - this.#from;
    this.minedAt = found.metaData.blockTime / 1_000;
    await this.look();
  }

  async #post(node: number, path: 'send' | 'poll', body: object): Promise<unknown> {
    const answer = await this.#world.fetch(`${this.#world.pactUrl(node, this.#chain)}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

interface Mined {
  readonly result: { readonly status: string };
  /** Microseconds. */
  readonly metaData: { readonly blockHeight: number; readonly blockTime: number };
}

function weighed({ plan }: SignedDay): PactModule {
  const gas = new Map(
    plan.chains.flatMap(({ chain, batches }) =>
      batches.map((batch): [string, number] => [`${chain} ${batch.batch}`, batch.gas]),
    ),
  );
  return {
    name: `${CONTRACT.namespace}.${CONTRACT.module}`,
    hash: CONTRACT.moduleHash,
    functions: {
      'update-registers': (call, [, batch]) => {
        call.charge(1_000 * (gas.get(`${call.chain} ${String(batch)}`)! - sizeGas(call.command.bytes)));
        return 'ok';
      },
    },
  };
}
