import { toBase64Url, utf8 } from '@stoa/protocol';
import type { PayoutAccountKind } from '@stoa/protocol/stoicism';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import type { Answer, Asked } from '../guarded-http.ts';
import type { PactCall } from '../pact-call.ts';
import { type Keyset, readGuard } from './keyset.ts';
import { blake2b256, owningChain } from './owning-chain.ts';

export type GuardErrorCode = 'chain_unreached' | 'chain_disagrees' | 'no_guard' | 'no_chain' | 'no_lookup';

/** Why the chain can't say who may sign for an account. */
export class GuardError extends HubError<GuardErrorCode> {
  override readonly name = 'GuardError';
}

export interface FoundGuard {
  readonly keyset: Keyset;
  readonly from: 'chain' | 'name';
  /** Hosts of the nodes that said so. */
  readonly saidBy: readonly string[];
}

export interface GuardLookupDeps {
  /** Service APIs of chainweb-nodes: all are asked, and those that answer must say the same. */
  readonly nodes: readonly URL[];
  readonly network: string;
  /** Where guards of Ouronet accounts are told. */
  readonly ouronet: PactCall | undefined;
  readonly request: (url: URL, asked: Asked) => Promise<Answer>;
  readonly clock: Pick<Clock, 'now'>;
}

const ANSWER_MS = 5_000;
/** Of a read: nobody pays for it, it only bounds what the node does. */
const READ_GAS = 150_000;
const NO_ROW = /no value found|row not found|no such key/i;

/** Whom the chain lets act for an account, read without a transaction. */
export class GuardLookup {
  readonly #deps: GuardLookupDeps;

  constructor(deps: GuardLookupDeps) {
    this.#deps = deps;
  }

  /** Whether the guards of such accounts can be asked for here at all. */
  knows(kind: PayoutAccountKind): boolean {
    return this.#deps.nodes.length > 0 && (kind === 'k' || this.#deps.ouronet !== undefined);
  }

  /** @throws GuardError. */
  async guardOf(account: string, kind: PayoutAccountKind): Promise<FoundGuard> {
    const { nodes, ouronet } = this.#deps;
    if (nodes.length === 0)
      throw new GuardError(
        'no_chain',
        'This hub knows no node of the chain to ask: its admin sets CHAINWEB_URL.',
        {
          retry: false,
        },
      );
    if (kind === 'ouronet' && ouronet === undefined)
      throw new GuardError(
        'no_lookup',
        'This hub does not know where keys of Ouronet accounts are looked up: its admin sets OURONET_GUARD.',
        {
          retry: false,
        },
      );
    const call = kind === 'k' ? { chain: owningChain(account), name: 'coin.details' } : ouronet!;
    const asked = await Promise.allSettled(nodes.map((node) => this.#ask(node, { ...call, account })));
    return read(account, kind, agreed(asked, nodes));
  }

  /** @returns the guard, `null` where there is no row. */
  async #ask(node: URL, by: PactCall & { account: string }): Promise<unknown> {
    const { network, clock, request } = this.#deps;
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
    const hash = toBase64Url(blake2b256(utf8(cmd)));
    const path = `/chainweb/0.0/${network}/chain/${by.chain}/pact/api/v1/local?preflight=false&signatureVerification=false`;
    const { status, body } = await request(new URL(path, dialled(node)), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cmd, hash, sigs: [] }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (status !== 200) throw new Error(`${node.host} answered ${status}: ${body.slice(0, 120)}`);
    return guardIn(body, node.host);
  }
}

function guardIn(body: string, host: string): unknown {
  let answer: { result?: { status?: unknown; data?: unknown; error?: { message?: unknown } } };
  try {
    answer = JSON.parse(body) as typeof answer;
  } catch (cause) {
    throw new Error(`${host} answered what is no JSON`, { cause });
  }
  const { status, data, error } = answer.result ?? {};
  if (status === 'success') {
    // Balances of `coin.details` move from block to block; the guard is what nodes must agree on.
    const { guard } = (data ?? {}) as { guard?: unknown };
    return guard ?? data ?? null;
  }
  const message = typeof error?.message === 'string' ? error.message : '';
  if (NO_ROW.test(message)) return null;
  throw new Error(`${host} could not read it: ${message.slice(0, 200) || 'no reason given'}`);
}

function read(
  account: string,
  kind: PayoutAccountKind,
  { guard, saidBy }: { guard: unknown; saidBy: readonly string[] },
): FoundGuard {
  // The name of a `k:` account is its key: the chain lets nobody open it with another guard.
  if (guard === null && kind === 'k')
    return { keyset: { pred: 'keys-all', keys: [account.slice(2)] }, from: 'name', saidBy };
  if (guard === null)
    throw new GuardError(
      'no_guard',
      'The chain does not know this account: it must be opened there first, or a character of it is wrong.',
      {
        retry: false,
      },
    );
  const verdict = readGuard(guard);
  if (!verdict.ok) throw new GuardError('no_guard', verdict.why, { retry: false });
  return { keyset: verdict.keyset, from: 'chain', saidBy };
}

/** What the nodes that answered say alike. @throws GuardError. */
function agreed(
  asked: readonly PromiseSettledResult<unknown>[],
  nodes: readonly URL[],
): { guard: unknown; saidBy: readonly string[] } {
  const said = asked.flatMap((each, i) =>
    each.status === 'fulfilled' ? [{ guard: each.value, host: nodes[i]!.host }] : [],
  );
  const saidBy = said.map(({ host }) => host);
  if (said.length === 0) {
    const causes = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
    const why = causes.map(({ message }) => message).join('; ');
    throw new GuardError('chain_unreached', `No node of the chain tells whose key it is: ${why}.`, {
      retry: true,
      cause: causes[0],
    });
  }
  if (new Set(said.map(({ guard }) => told(guard))).size > 1)
    throw new GuardError(
      'chain_disagrees',
      `${saidBy.join(' and ')} tell different guards of the account: one of them is behind, or lies.`,
      { retry: true },
    );
  return { guard: said[0]!.guard, saidBy };
}

/** Of a guard what nodes must agree on. */
function told(guard: unknown): string {
  return guard === null ? 'no row' : JSON.stringify(readGuard(guard));
}

/** The guard asks DNS alone, which has no word for the machine itself. */
function dialled(node: URL): URL {
  if (node.hostname !== 'localhost') return node;
  const here = new URL(node);
  here.hostname = '127.0.0.1';
  return here;
}
