import { blake2b } from '@noble/hashes/blake2.js';
import { toBase64Url, utf8 } from '@stoa/protocol';
import type { Clock } from './clock.ts';
import type { Answer, Asked } from './guarded-http.ts';
import type { PactCall } from './pact-call.ts';

/** How a node of the chain is asked. */
export interface PactReader {
  readonly network: string;
  readonly request: (url: URL, asked: Asked) => Promise<Answer>;
  readonly clock: Pick<Clock, 'now'>;
}

/** What the node made of it: the value, or why there is none. */
export type LocalAnswer =
  | { readonly status: 'success'; readonly data: unknown }
  | { readonly status: 'failure'; readonly message: string };

const ANSWER_MS = 5_000;
/** Of a read: nobody pays for it, it only bounds what the node does. */
const READ_GAS = 150_000;

/** Reads of an account at one node, without a transaction. @throws where the node does not answer, or what is no answer. */
export async function readLocal(
  node: URL,
  by: PactCall & { readonly account: string },
  { network, clock, request }: PactReader,
): Promise<LocalAnswer> {
  const cmd = JSON.stringify({
    networkId: network,
    payload: { exec: { data: { account: by.account }, code: `(${by.name} (read-msg "account"))` } },
    signers: [],
    meta: {
      ...{ chainId: String(by.chain), sender: '', gasLimit: READ_GAS, gasPrice: 1e-8, ttl: 600 },
      creationTime: Math.floor(clock.now() / 1_000) - 30,
    },
    nonce: 'stoa-hub',
  });
  const hash = toBase64Url(blake2b(utf8(cmd), { dkLen: 32 }));
  const path = `/chainweb/0.0/${network}/chain/${by.chain}/pact/api/v1/local?preflight=false&signatureVerification=false`;
  const { status, body } = await request(new URL(path, dialled(node)), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cmd, hash, sigs: [] }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (status !== 200) throw new Error(`${node.host} answered ${status}: ${body.slice(0, 120)}`);
  return answerIn(body, node.host);
}

function answerIn(body: string, host: string): LocalAnswer {
  let answer: { result?: { status?: unknown; data?: unknown; error?: { message?: unknown } } };
  try {
    answer = JSON.parse(body) as typeof answer;
  } catch (cause) {
    throw new Error(`${host} answered what is no JSON`, { cause });
  }
  const { status, data, error } = answer.result ?? {};
  if (status === 'success') return { status, data };
  return { status: 'failure', message: typeof error?.message === 'string' ? error.message : '' };
}

/** The guard asks DNS alone, which has no word for the machine itself. */
function dialled(node: URL): URL {
  if (node.hostname !== 'localhost') return node;
  const here = new URL(node);
  here.hostname = '127.0.0.1';
  return here;
}
