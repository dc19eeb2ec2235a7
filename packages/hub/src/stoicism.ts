import { type CryptoSuite, type Random, toHex } from '@stoa/protocol';
import type { MintSignerClient } from '@stoa/signer/client';
import { createBonusTasks } from './bonuses/index.ts';
import type { Clock } from './clock.ts';
import type { HubConfig } from './config.ts';
import { createEconomicsRefresh } from './economics/index.ts';
import { type Book, createGates, GapDocuments, type Gates } from './gates/index.ts';
import type { GateFrames, HubIdentity, TermsOf } from './gateway/index.ts';
import type { Jobs } from './jobs/index.ts';
import { LedTask } from './leases/index.ts';
import { createLedger, type Ledger } from './ledger/index.ts';
import type { Log } from './log.ts';
import { createMiningTally } from './mining/index.ts';
import type { Mint } from './mint/index.ts';
import { type MintConfig, openMint } from './mint-side.ts';
import { PayoutResolver } from './payouts/index.ts';
import { createReceipts, type Receipts } from './receipts/index.ts';
import { createRichListRefresh } from './rich-list/index.ts';
import { Scores } from './scores/index.ts';
import type { Sql } from './seams/db-adapter/index.ts';
import { createSybilWatch, type SybilWatch } from './sybil/index.ts';
import type { Task } from './ticker.ts';
import type { Fetch, LightClient } from './tips/index.ts';

export interface StoicismDeps {
  readonly config: Pick<
    HubConfig,
    | 'instance'
    | 'heartbeatSeconds'
    | 'egressAllow'
    | 'mostPerAddress'
    | 'network'
    | 'ledgerDumpDir'
    | 'ledgerDumpKeyFile'
  > &
    MintConfig;
  /** Undefined where this hub mints nothing. */
  readonly mintSigner: MintSignerClient | undefined;
  readonly sql: Sql;
  readonly region: string;
  readonly identity: HubIdentity;
  readonly chain: LightClient;
  readonly fetch: Fetch;
  /** Since when many nodes are silent together, while they are. */
  readonly massSince: () => number | undefined;
  readonly jobs: Pick<Jobs['reader'], 'running'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly log: Log;
}

export interface Stoicism {
  readonly frames: GateFrames;
  readonly gates: Gates;
  readonly ledger: Ledger;
  readonly receipts: Receipts;
  /** Undefined where this hub mints nothing. */
  readonly mint: Mint | undefined;
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
  const sybils = createSybilWatch({
    ...{ sql, instanceId: config.instance, node: config.chainwebUrl, set: chain.set, fetch: deps.fetch },
    ...{ clock, random, crypto, log },
  });
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
    onShared: sybils.onShared,
    heartbeatMs: config.heartbeatSeconds * 1_000,
  });
  await gates.start();
  const receipts = createReceipts({
    ...{ sql, region, clock, random, crypto, log, instanceId: config.instance },
    party: () => identity.proof.party,
    dialBacks: gates.dialBacks,
    gaps: new GapDocuments({ sql, crypto }),
  });
  const ledger = createLedger({
    ...{ sql, region, clock, random, log, instanceId: config.instance, sink: receipts.sink },
    ...{ hours: gates.hours, scores, payees: payouts },
    ...{ dumpDirectory: config.ledgerDumpDir, dumpKeyFile: config.ledgerDumpKeyFile },
  });
  const holder = `${config.instance} ${toHex(random(6))}`;
  const mint = openMint({
    ...{ config, sql, region, holder, clock, log, signer: deps.mintSigner },
    ...{ book: ledger.book, network: config.network },
  });
  const tally = createMiningTally({
    ...{ sql, clock, set: chain.set, node: config.chainwebUrl, fetch: deps.fetch },
  });
  const led = [
    createRichListRefresh({ sql, clock }),
    createEconomicsRefresh({ sql, region, clock }),
    ...(tally === undefined ? [] : [tally]),
    ...createBonusTasks({
      ...{ sql, clock, crypto, payees: payouts, bonuses: ledger.bonuses },
      chains: chain.set.heads().length,
    }),
  ].map((task) => new LedTask(task, { sql, clock, holder }));
  return {
    termsOf: async (hubHour, nodeIds) => {
      const [paid, scored] = await Promise.all([payouts.at(hubHour, nodeIds), scores.at(hubHour, nodeIds)]);
      const terms = (nodeId: string) => ({
        accountId: paid.get(nodeId)?.accountId ?? '',
        scoreVersion: scored.get(nodeId)?.version ?? 0,
      });
      return new Map(nodeIds.map((nodeId) => [nodeId, terms(nodeId)]));
    },
    frames: framesOf(gates.frames, sybils.frames),
    ...{ gates, ledger, receipts, mint },
    tasks: [
      ...[...gates.tasks, ...sybils.tasks, ...ledger.tasks, ...receipts.tasks, ...led],
      ...(mint === undefined ? [] : [mint.sequencer]),
    ],
    close: async () => {
      await gates.close();
      await ledger.release();
      await receipts.release();
      for (const task of led) await task.release();
      await mint?.sequencer.release();
    },
  };
}

/** Both hear of sessions. */
function framesOf(gates: Gates['frames'], sybils: SybilWatch['frames']): GateFrames {
  return {
    ...gates,
    opened(session, now) {
      gates.opened(session, now);
      sybils.opened(session, now);
    },
    auditResponse: sybils.auditResponse,
    ended(session) {
      gates.ended(session);
      sybils.ended(session);
    },
  };
}

function scoreBook(scores: Scores): Book<{ readonly micro: number; readonly committedGb: number }, bigint> {
  return {
    at: (hubHour, nodeIds) => scores.at(hubHour, nodeIds),
    within: (hubHour, span) => scores.within(hubHour, span),
    async changedSince(before) {
      const { changes, cursor } = await scores.changedSince(before);
      return { cursor, changes: changes.map(({ nodeId, hubHour }) => ({ nodeId, fromHour: hubHour })) };
    },
  };
}
