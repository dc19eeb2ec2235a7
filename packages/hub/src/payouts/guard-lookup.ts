import type { PayoutAccountKind } from '@stoa/protocol/stoicism';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import type { Answer, Asked } from '../guarded-http.ts';
import type { PactCall } from '../pact-call.ts';
import { readLocal } from '../pact-local.ts';
import { type Keyset, readGuard } from './keyset.ts';
import { owningChain } from './owning-chain.ts';

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
    const answer = await readLocal(node, by, this.#deps);
    if (answer.status === 'success') {
      // Balances of `coin.details` move from block to block; the guard is what nodes must agree on.
      const { guard } = (answer.data ?? {}) as { guard?: unknown };
      return guard ?? answer.data ?? null;
    }
    if (NO_ROW.test(answer.message)) return null;
    throw new Error(`${node.host} could not read it: ${answer.message.slice(0, 200) || 'no reason given'}`);
  }
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
