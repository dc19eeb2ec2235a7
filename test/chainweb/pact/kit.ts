import type { SignedCommand } from './command.ts';
import { accountOf } from './drafting.ts';
import { type PactKey, pactKey } from './pact-key.ts';
import { openPactWorld, type PactWorld, type PactWorldOptions } from './world.ts';

/** Keys of tests: `key(1)`, `key(2)`, … */
export function key(number: number): PactKey {
  return pactKey(new Uint8Array(32).fill(number));
}

/** A world in which the accounts of these keys have a hundred coins each. */
export function worldOf(keys: readonly PactKey[], options: PactWorldOptions = {}): PactWorld {
  const accounts = keys.map((each) => ({
    account: accountOf(each),
    guard: { pred: 'keys-all', keys: [each.publicKey] },
    balance: 100,
  }));
  return openPactWorld({ ...options, accounts: [...accounts, ...(options.accounts ?? [])] });
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Undefined where the text is no JSON. */
  readonly json: unknown;
}

export async function post(
  world: PactWorld,
  { node = 0, chain = 0, path }: { node?: number; chain?: number; path: string },
  body: unknown,
): Promise<Answer> {
  const answer = await world.fetch(`${world.pactUrl(node, chain)}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') === true;
  return { status: answer.status, text, json: isJson ? JSON.parse(text) : undefined };
}

export function send(
  world: PactWorld,
  cmds: readonly SignedCommand[],
  at: { node?: number; chain?: number } = {},
): Promise<Answer> {
  return post(world, { ...at, path: 'api/v1/send' }, { cmds });
}

export interface Polled {
  readonly gas: number;
  readonly result: {
    readonly status: string;
    readonly data?: unknown;
    readonly error?: { readonly message: string };
  };
  readonly metaData: { readonly blockHeight: number; readonly blockHash: string } | null;
  readonly events: readonly { readonly name: string; readonly params: readonly unknown[] }[];
  readonly txId: number | null;
}

/** @returns undefined while the node knows of no result */
export async function poll(
  world: PactWorld,
  { hash }: Pick<SignedCommand, 'hash'>,
  { depth, ...at }: { node?: number; chain?: number; depth?: number } = {},
): Promise<Polled | undefined> {
  const path = depth === undefined ? 'api/v1/poll' : `api/v1/poll?confirmationDepth=${depth}`;
  const { json } = await post(world, { ...at, path }, { requestKeys: [hash] });
  return (json as Record<string, Polled>)[hash];
}

export async function balance(
  world: PactWorld,
  owner: PactKey,
  at: { node?: number; chain?: number } = {},
): Promise<unknown> {
  const { chain = 0 } = at;
  const cmd = JSON.stringify({
    networkId: world.network.network.name,
    payload: { exec: { code: `(coin.get-balance "${accountOf(owner)}")`, data: {} } },
    meta: { chainId: String(chain), gasLimit: 1_000, gasPrice: 1e-8, ttl: 600, creationTime: 0, sender: '' },
    signers: [],
    nonce: '',
  });
  const path = 'api/v1/local?preflight=false&signatureVerification=false';
  const { json } = await post(world, { ...at, path }, { ...owner.sign(cmd), sigs: [] });
  return (json as { result: { data: unknown } }).result.data;
}
