import type { CryptoSuite } from '@stoa/protocol';
import type { Clock } from './clock.ts';
import type { HubConfig } from './config.ts';
import { createGates, type Gates } from './gates/index.ts';
import type { HubIdentity } from './gateway/index.ts';
import type { Log } from './log.ts';
import { PayoutResolver } from './payouts/index.ts';
import type { Sql } from './seams/db-adapter/index.ts';
import type { Task } from './ticker.ts';
import type { LightClient } from './tips/index.ts';

export interface StoicismDeps {
  readonly config: Pick<HubConfig, 'instance' | 'heartbeatSeconds'>;
  readonly sql: Sql;
  readonly region: string;
  readonly identity: HubIdentity;
  readonly chain: LightClient;
  /** Since when many nodes are silent together, while they are. */
  readonly massSince: () => number | undefined;
  readonly clock: Clock;
  readonly crypto: CryptoSuite;
  readonly log: Log;
}

export interface Stoicism {
  readonly gates: Gates;
  readonly tasks: readonly Task[];
  /** After the last session has ended. */
  close(): Promise<void>;
}

/** What nodes earn, put together of its features: gates, scores, payouts, ledger. Ready for the first node when it resolves. */
export async function openStoicism(deps: StoicismDeps): Promise<Stoicism> {
  const { config, sql, region, identity, chain, massSince, clock, crypto, log } = deps;
  const payouts = new PayoutResolver(sql);
  const gates = createGates({
    ...{ sql, region, massSince, clock, crypto, log },
    instanceId: config.instance,
    party: () => identity.proof.party,
    set: chain.set,
    corroboration: chain.corroboration,
    accounts: payouts,
    scores: undefined,
    heartbeatMs: config.heartbeatSeconds * 1_000,
  });
  await gates.start();
  return { gates, tasks: gates.tasks, close: () => gates.close() };
}
