import type { IClient } from '@kadena/client';
import { requestKey } from '@stoa/protocol/mint';
import { z } from 'zod';
import type { ChainNode, ChainRead, ChainResult, Preflight } from './chain-node.ts';
import { ReadRefused } from './chain-node.ts';
import type { SignedCommand } from './signer.ts';

/** A batch is 225 KB, and a node checks it for up to a second. */
const ANSWER_MS = 15_000;
/** Nobody pays for a read: it bounds what the node does. */
const READ_GAS = 150_000;
/** What nodes answer to bytes that they have already: it is where they should be. */
const KNOWN = /already exists/i;

/** Heights and gas, of which no chain comes so far. */
const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
/** Microseconds since 1970. */
const place = z.object({ blockHeight: count, blockTime: z.int().min(0) });
const outcome = z.union([
  z.object({ status: z.literal('success'), data: z.unknown() }),
  z.object({ status: z.literal('failure'), error: z.object({ message: z.string() }).loose() }),
]);
const readAnswer = z.object({ result: outcome, metaData: place.loose() });
const preflightAnswer = z.object({ result: outcome, gas: count });
const pollAnswer = z.record(
  z.string(),
  z.object({
    result: outcome,
    gas: count,
    metaData: place.extend({ blockHash: z.string() }).loose().nullable(),
  }),
);

/**
 * A node's Pact API through the network's own client. Of that only what asks once: its `pollStatus` asks again on every error and
 * knows no end, and `submit` takes the host of several commands from the first.
 */
export class KadenaNode implements ChainNode {
  readonly name: string;
  readonly #base: string;
  readonly #network: string;

  /** @param by.url of its service API. */
  constructor(by: { url: URL; network: string }) {
    this.name = by.url.host;
    this.#network = by.network;
    this.#base = `${by.url.href.replace(/\/$/, '')}/chainweb/0.0/${by.network}/chain`;
  }

  async send(chain: number, command: SignedCommand): Promise<void> {
    const client = await clientOf(`${this.#base}/${chain}/pact`);
    try {
      await client.submit({ ...command, sigs: [...command.sigs] }, timed());
    } catch (error) {
      if (!(error instanceof Error && KNOWN.test(error.message))) throw error;
    }
  }

  async results(
    chain: number,
    keys: readonly string[],
    depth: number,
  ): Promise<ReadonlyMap<string, ChainResult>> {
    if (keys.length === 0) return new Map();
    const about = keys.map((key) => ({ requestKey: key, chainId: idOf(chain), networkId: this.#network }));
    const client = await this.#client(chain, 'poll', { confirmationDepth: depth });
    const answer = pollAnswer.parse(await this.#answered(client.getStatus(about, timed())));
    // A node may tell of others besides.
    return new Map(
      keys.flatMap((key) => (Object.hasOwn(answer, key) ? [[key, resultOf(answer[key]!)]] : [])),
    );
  }

  async read(chain: number, code: string, depth: number): Promise<ChainRead> {
    const cmd = JSON.stringify({
      payload: { exec: { code, data: {} } },
      nonce: '',
      signers: [],
      meta: {
        gasLimit: READ_GAS,
        gasPrice: 1e-8,
        sender: '',
        ttl: 600,
        creationTime: 0,
        chainId: String(chain),
      },
      networkId: this.#network,
    });
    const client = await this.#client(chain, 'local', { rewindDepth: depth });
    const answer = readAnswer.parse(
      await this.#answered(client.dirtyRead({ cmd, hash: requestKey(cmd), sigs: [] }, timed())),
    );
    if (answer.result.status === 'failure') throw new ReadRefused(answer.result.error.message);
    const { blockHeight: height, blockTime } = answer.metaData;
    return { data: answer.result.data, height, blockTime: Math.floor(blockTime / 1_000_000) };
  }

  /** Unsigned: what comes of it may change what is signed. */
  async preflight(chain: number, cmd: string): Promise<Preflight> {
    const client = await clientOf(`${this.#base}/${chain}/pact`);
    const unsigned = { cmd, hash: requestKey(cmd), sigs: [{ sig: '' }] };
    const options = { ...timed(), preflight: true, signatureVerification: false };
    const { result, gas } = preflightAnswer.parse(await this.#answered(client.local(unsigned, options)));
    return { gas, failure: result.status === 'failure' ? result.error.message : undefined };
  }

  /** What is not there is answered by an empty text, of which the client makes an error without words. */
  async #answered<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (cause) {
      if (cause instanceof Error && cause.message !== '') throw cause;
      throw new Error(`network id mismatch: it serves no Pact API of ${this.#network}`, { cause });
    }
  }

  /** The client has no word for depths: it puts its own path behind the host, which behind a # is not sent. */
  async #client(
    chain: number,
    endpoint: 'poll' | 'local',
    query: Readonly<Record<string, number>>,
  ): Promise<IClient> {
    const asked = Object.entries(query).map(([name, value]) => `${name}=${value}`);
    return await clientOf(`${this.#base}/${chain}/pact/api/v1/${endpoint}?${asked.join('&')}#`);
  }
}

/** Loaded by a hub that mints alone: it takes 17 MB. */
async function clientOf(host: string): Promise<IClient> {
  const { createClient } = await import('@kadena/client');
  return createClient(host);
}

/** The client waits for ever. */
function timed(): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(ANSWER_MS) };
}

type ChainId = `${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`;

function idOf(chain: number): ChainId {
  return String(chain) as ChainId;
}

/** No block: the node's pool does not want it, and another's may. */
function resultOf({ result, gas, metaData }: z.infer<typeof pollAnswer>[string]): ChainResult {
  const message = result.status === 'failure' ? result.error.message : '';
  if (metaData === null) return { status: 'badlisted', message, block: undefined };
  const block = { height: metaData.blockHeight, hash: metaData.blockHash, gas };
  return { status: result.status === 'success' ? 'applied' : 'failed', message, block };
}
