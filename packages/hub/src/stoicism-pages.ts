import type { CryptoSuite } from '@stoa/protocol';
import type { ExportSigner } from './audit/index.ts';
import { createBonusPages, MiningBonusStore } from './bonuses/index.ts';
import type { LiveSource } from './console/live.ts';
import type { LiveLog } from './console/live-log.ts';
import { createEarnings, type EarningsDeps } from './earnings/index.ts';
import { createEconomicsPages } from './economics/index.ts';
import { GapDocuments, GatePanel } from './gates/index.ts';
import type { HttpFeature } from './http.ts';
import { createLedgerTools, ledgerPages } from './ledger/index.ts';
import { createMiningPages, type MiningPagesDeps } from './mining/index.ts';
import { createMintPages, type MintPagesDeps } from './mint-pages/index.ts';
import type { NetworkHeads, NodeReader } from './nodes/index.ts';
import { createPayouts, type Payouts, type PayoutsDeps } from './payouts/index.ts';
import { createReceiptPages } from './receipt-pages/index.ts';
import { ReceiptReader } from './receipts/index.ts';
import { createRichListPages } from './rich-list/index.ts';
import type { Sql } from './seams/db-adapter/index.ts';
import { createStatements } from './statements/index.ts';
import { createSybilTools, DisputePanel, sybilPages } from './sybil/index.ts';
import type { Task } from './ticker.ts';

export interface StoicismPagesDeps extends Omit<EarningsDeps, 'mints'>, PayoutsDeps {
  /** May be seconds behind: for what was summed before. */
  readonly replica: Sql;
  readonly heads: NetworkHeads;
  readonly reader: Pick<NodeReader, 'description'>;
  /** Signs statements. */
  readonly signer: ExportSigner;
  readonly guards: PayoutsDeps['guards'] & MiningPagesDeps['guards'];
  readonly listing: EarningsDeps['listing'] & PayoutsDeps['listing'];
  readonly access: EarningsDeps['access'] & PayoutsDeps['access'];
  readonly crypto: CryptoSuite;
  readonly mintActs: MintPagesDeps['acts'];
  /** Where browsers reach this hub. */
  readonly publicUrl: string;
  /** Where an explorer of the chain shows a transaction. */
  readonly transactionUrl: string | undefined;
}

export interface StoicismPages {
  readonly features: readonly HttpFeature[];
  readonly sources: readonly LiveSource[];
  readonly logs: readonly LiveLog[];
  /** On the page of each node. */
  readonly panels: readonly (GatePanel | DisputePanel)[];
  readonly tasks: readonly Task[];
  readonly payouts: Payouts;
}

/** What people see of what nodes earn; `stoicism.ts` puts together what makes it. Only reads and choices: any instance serves it. */
export function createStoicismPages(deps: StoicismPagesDeps): StoicismPages {
  const { sql, replica, clock, guard, audit, crypto, signer } = deps;
  const payouts = createPayouts(deps);
  const mint = createMintPages({
    ...{ ...deps, acts: deps.mintActs, origin: deps.publicUrl },
    links: { template: deps.transactionUrl },
  });
  const earnings = createEarnings({ ...deps, mints: mint.own });
  return {
    features: [
      ...payouts.features,
      ledgerPages({ guard, tools: createLedgerTools({ sql, clock }), clock }),
      sybilPages({ guard, tools: createSybilTools({ sql, clock }), sql, audit, clock }),
      earnings.feature,
      createStatements({ sql, guard, clock, signer }),
      createBonusPages({ sql, guard, clock }),
      createRichListPages({ sql: replica, clock }),
      createEconomicsPages({ sql: replica, clock }),
      ...mint.features,
      ...createReceiptPages({
        ...deps,
        chain: () => signer.chain(),
        receipts: new ReceiptReader({ sql, crypto, gaps: new GapDocuments({ sql, crypto }) }),
      }),
      createMiningPages({
        ...deps,
        chains: deps.heads.heads().length,
        proven: (keys) => new MiningBonusStore(sql).proven(keys),
      }),
    ],
    sources: [...earnings.sources, ...mint.sources],
    logs: [earnings.log],
    panels: [new GatePanel({ sql, clock, crypto }), new DisputePanel({ sql, clock })],
    tasks: payouts.tasks,
    payouts,
  };
}
