import { type CryptoSuite, type Random, toHex } from '@stoa/protocol';
import type { Clock } from './clock.ts';
import type { HubConfig } from './config.ts';
import { type Book, createGates, type Gates } from './gates/index.ts';
import type { HubIdentity, TermsOf } from './gateway/index.ts';
import type { Jobs } from './jobs/index.ts';
import { LedTask } from './leases/index.ts';
import { createLedger, type Ledger } from './ledger/index.ts';
import type { Log } from './log.ts';
import { PayoutResolver } from './payouts/index.ts';
import { createRichListRefresh } from './rich-list/index.ts';
import { Scores } from './scores/index.ts';
import type { Sql } from './seams/db-adapter/index.ts';
import type { Task } from './ticker.ts';
import type { LightClient } from './tips/index.ts';

export interface StoicismDeps {
  readonly config: Pick<
    HubConfig,
    'instance' | 'heartbeatSeconds' | 'egressAllow' | 'mostPerAddress' | 'ledgerDumpDir' | 'ledgerDumpKeyFile'
  >;
  readonly sql: Sql;
  readonly region: string;
  readonly identity: HubIdentity;
  readonly chain: LightClient;
  /** Since when many nodes are silent together, while they are. */
  readonly massSince: () => number | undefined;
  readonly jobs: Pick<Jobs['reader'], 'running'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly log: Log;
}

export interface Stoicism {
  readonly gates: Gates;
  readonly ledger: Ledger;
  readonly tasks: readonly Task[];
  readonly termsOf: TermsOf;
  /** After the last session has ended. */
  close(): Promise<void>;
}

/** What nodes earn, put together of its features: gates, scores, payouts, ledger. Ready for the first node when it resolves. */
export async function openStoicism(deps: StoicismDeps): Promise<Stoicism> {
  const { config, sql, region, identity, chain, massSince, jobs, clock, random, crypto, log } = deps;
  const payouts = new PayoutResolver(sql);
  const scores = new Scores(sql);
  const gates = createGates({
    ...{ sql, region, massSince, clock, random, crypto, log },
    instanceId: config.instance,
    party: () => identity.proof.party,
    set: chain.set,
    corroboration: chain.corroboration,
    accounts: payouts,
    scores: scoreBook(scores),
    benchmarking: () => jobs.running('benchmark-node'),
    allows: (address) => config.egressAllow.allows(address),
    mostPerAddress: config.mostPerAddress,
    onShared: async (shared) => log.warn(shared, 'two nodes answer with one certificate'),
    heartbeatMs: config.heartbeatSeconds * 1_000,
  });
  await gates.start();
  const ledger = createLedger({
    ...{ sql, region, clock, random, log, instanceId: config.instance },
    ...{ hours: gates.hours, scores, payees: payouts },
    ...{ dumpDirectory: config.ledgerDumpDir, dumpKeyFile: config.ledgerDumpKeyFile },
  });
  const holder = `${config.instance} ${toHex(random(6))}`;
  const richList = new LedTask(createRichListRefresh({ sql, clock }), { sql, clock, holder });
  return {
    termsOf: async (hubHour, nodeIds) => {
      const [paid, scored] = await Promise.all([payouts.at(hubHour, nodeIds), scores.at(hubHour, nodeIds)]);
      const terms = (nodeId: string) => ({
        accountId: paid.get(nodeId)?.accountId ?? '',
        scoreVersion: scored.get(nodeId)?.version ?? 0,
      });
      return new Map(nodeIds.map((nodeId) => [nodeId, terms(nodeId)]));
    },
    ...{ gates, ledger, tasks: [...gates.tasks, ...ledger.tasks, richList] },
    close: async () => {
      await gates.close();
      await ledger.release();
      await richList.release();
    },
  };
}

function scoreBook(scores: Scores): Book<{ readonly micro: number; readonly committedGb: number }, bigint> {
  return {
    at: (hubHour, nodeIds) => scores.at(hubHour, nodeIds),
    async changedSince(before) {
      const { changes, cursor } = await scores.changedSince(before);
      return { cursor, changes: changes.map(({ nodeId, hubHour }) => ({ nodeId, fromHour: hubHour })) };
    },
  };
}
