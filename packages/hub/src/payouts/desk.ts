import { readPayoutAccount } from '@stoa/protocol/stoicism';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { hubHourOf } from '../hub-hour.ts';
import type { Viewer } from '../viewer.ts';
import type { Choice, ChoiceStore } from './choice-store.ts';
import type { PaidNode } from './choices.ts';
import type { GuardLookup } from './guard-lookup.ts';
import { accountsInUse } from './overview.ts';
import type { ProfileView } from './profile-page.tsx';
import type { ProofView } from './proof-page.tsx';
import type { ProofStore } from './proof-store.ts';
import type { Payout, PayoutResolver } from './resolver.ts';
import type { Tunnel } from './tunnel-store.ts';
import type { Tunnels } from './tunnels.ts';
import type { Verification } from './verification.ts';

export interface PayoutDeskDeps {
  readonly sql: Sql;
  readonly clock: Pick<Clock, 'now'>;
  readonly store: ChoiceStore;
  readonly proofs: ProofStore;
  readonly resolver: PayoutResolver;
  readonly verification: Verification;
  readonly guards: Pick<GuardLookup, 'knows'>;
  readonly tunnels: Tunnels;
  /** How many of a person's nodes earn nothing. */
  readonly unpaid: (email: string) => Promise<number>;
}

/** What the pages and the API show of accounts. */
export class PayoutDesk {
  readonly #deps: PayoutDeskDeps;

  constructor(deps: PayoutDeskDeps) {
    this.#deps = deps;
  }

  async profile(viewer: Viewer): Promise<Omit<ProfileView, 'email' | 'now' | 'refused'>> {
    const { sql, store, proofs, tunnels, unpaid } = this.#deps;
    const { email } = viewer;
    const [choices, inUse, agreements, without] = await Promise.all([
      store.history({ owner: email }),
      accountsInUse(sql, email),
      tunnels.ofPerson(viewer),
      unpaid(email),
    ]);
    const ids = inUse.map(({ accountId }) => accountId);
    return { choices, inUse, proofs: await proofs.newest(ids, email), tunnels: agreements, unpaid: without };
  }

  /** Of an account that the person uses; undefined for any other. */
  async proof({ email }: Viewer, accountId: string): Promise<Omit<ProofView, 'now' | 'refused'> | undefined> {
    const { sql, proofs, verification } = this.#deps;
    const used = (await accountsInUse(sql, email)).find((each) => each.accountId === accountId);
    if (used === undefined) return undefined;
    const [held, standing] = await Promise.all([
      proofs.newest([accountId], email),
      verification.standing(email, accountId),
    ]);
    return {
      ...{ accountId, account: used.account, proof: held.get(accountId) },
      challenge: standing && verification.payload(standing),
      obstacle: this.#obstacle(used.account),
    };
  }

  /** Of one node, whoever asks. */
  async node({ nodeId, owner }: PaidNode): Promise<{
    payout: Payout | undefined;
    own: readonly Choice[];
    profile: string | undefined;
    tunnel: Tunnel | undefined;
  }> {
    const { sql, store, resolver, tunnels, clock } = this.#deps;
    const [payouts, own, inUse, tunnel] = await Promise.all([
      resolver.at(hubHourOf(clock.now()), [nodeId]),
      store.history({ owner, nodeId }),
      accountsInUse(sql, owner),
      tunnels.openFor(nodeId),
    ]);
    const profile = inUse.find(({ forAll }) => forAll)?.account;
    return { payout: payouts.get(nodeId), own, profile, tunnel };
  }

  #obstacle(account: string): string | undefined {
    const verdict = readPayoutAccount(account);
    if (!verdict.ok) return verdict.why;
    if (this.#deps.guards.knows(verdict.kind)) return undefined;
    return verdict.kind === 'k'
      ? 'This hub knows no node of the chain to ask whose key it is: its admin sets CHAINWEB_URL.'
      : 'This hub does not know where the chain tells the guard of an Ouronet account: its admin sets CHAINWEB_URL and OURONET_GUARD. Until then it earns, and is not minted to.';
  }
}
