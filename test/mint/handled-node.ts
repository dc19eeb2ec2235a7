import {
  type ChainNode,
  type ChainRead,
  type ChainResult,
  type Preflight,
  ReadRefused,
  type SignedCommand,
} from '@stoa/hub/mint';
import { requestKey } from '@stoa/protocol/mint';
import type { SimulatedNode } from '../chainweb/index.ts';

interface Outcome {
  readonly result: {
    readonly status: string;
    readonly data?: unknown;
    readonly error?: { readonly message: string };
  };
  readonly gas: number;
  readonly metaData: {
    readonly blockHeight: number;
    readonly blockTime: number;
    readonly blockHash: string;
  } | null;
}

/** A simulated node without sockets and without waiting: what it does not answer at once is no answer. */
export class HandledNode implements ChainNode {
  readonly name: string;
  readonly #node: SimulatedNode;
  readonly #network: string;

  constructor(node: SimulatedNode) {
    this.name = node.name;
    this.#node = node;
    this.#network = node.own.networkId;
  }

  async send(chain: number, command: SignedCommand): Promise<void> {
    try {
      this.#post(chain, 'send', { cmds: [command] });
    } catch (error) {
      if (!/already exists/.test(String(error))) throw error;
    }
  }

  async results(
    chain: number,
    keys: readonly string[],
    depth: number,
  ): Promise<ReadonlyMap<string, ChainResult>> {
    const found = this.#post(chain, `poll?confirmationDepth=${depth}`, { requestKeys: keys });
    return new Map(
      Object.entries(found as Record<string, Outcome>).map(([key, one]) => [key, resultOf(one)]),
    );
  }

  async preflight(chain: number, cmd: string): Promise<Preflight> {
    const asked = { cmd, hash: requestKey(cmd), sigs: [{ sig: '' }] };
    const call = 'local?preflight=true&signatureVerification=false';
    const told = this.#post(chain, call, asked) as { preflightResult: Outcome };
    const { gas, result } = told.preflightResult;
    return { gas, failure: result.status === 'success' ? undefined : String(result.error?.message) };
  }

  async read(chain: number, code: string, depth: number): Promise<ChainRead> {
    const cmd = JSON.stringify({
      ...{ networkId: this.#network, nonce: '', signers: [], payload: { exec: { code, data: {} } } },
      meta: { gasLimit: 150_000, gasPrice: 1e-8, sender: '', ttl: 600, creationTime: 0, chainId: `${chain}` },
    });
    const asked = { cmd, hash: requestKey(cmd), sigs: [] };
    const { result, metaData } = this.#post(chain, `local?rewindDepth=${depth}`, asked) as Outcome;
    if (result.status !== 'success') throw new ReadRefused(result.error?.message);
    return {
      ...{ data: result.data, height: metaData!.blockHeight },
      blockTime: Math.floor(metaData!.blockTime / 1_000_000),
    };
  }

  #post(chain: number, call: string, body: unknown): unknown {
    const {
      status,
      wire,
      later,
      body: answer,
    } = this.#node.handle({
      ...{ port: 'service', method: 'POST', body: JSON.stringify(body) },
      path: `/chainweb/0.0/${this.#network}/chain/${chain}/pact/api/v1/${call}`,
    });
    if (wire !== undefined || later !== undefined) throw new Error('no answer');
    if (status !== 200) throw new Error(`${status}: ${String(answer)}`);
    return JSON.parse(String(answer));
  }
}

function resultOf({ result, gas, metaData }: Outcome): ChainResult {
  const message = result.error?.message ?? '';
  if (metaData === null) return { status: 'badlisted', message, block: undefined };
  const block = { height: metaData.blockHeight, hash: metaData.blockHash, gas };
  return { status: result.status === 'success' ? 'applied' : 'failed', message, block };
}
