import type { MintLimits } from '@stoa/protocol/mint';
import type { LedgerBook } from '#ledger/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { Lease } from '../leases/index.ts';
import type { Log } from '../log.ts';
import { ApprovalStore } from './approval-store.ts';
import { BatchStore } from './batch-store.ts';
import { Cancellation } from './cancellation.ts';
import type { ChainNode } from './chain-node.ts';
import { ChainView } from './chain-view.ts';
import { CheckedPlans } from './checked-plans.ts';
import { ContractAdoption } from './contract-adoption.ts';
import { ContractGuard } from './contract-guard.ts';
import { Cut } from './cut.ts';
import { EpochStore } from './epoch-store.ts';
import { FaultStore } from './fault-store.ts';
import { GasAccountStore, GasWatch } from './gas-accounts.ts';
import { Intervention } from './intervention.ts';
import { Reconciliation } from './reconciliation.ts';
import { Redemption } from './redemption.ts';
import { SEQUENCE_MS, Sequencer } from './sequencer.ts';
import type { MintSigner } from './signer.ts';
import { contractOf, type MintTerms, Signing } from './signing.ts';
import { SlotStore } from './slots.ts';

export interface MintToolsDeps {
  readonly sql: Sql;
  readonly book: LedgerBook;
  readonly region: string;
  /** Of a transaction: the chain's, unless a world is a small one. */
  readonly limits?: MintLimits;
  readonly clock: Pick<Clock, 'now'>;
}

/** What needs neither chain nor signer: of a hub, and of a command or a page beside one. */
export interface MintTools {
  readonly epochs: EpochStore;
  readonly batches: BatchStore;
  readonly slots: SlotStore;
  readonly plans: CheckedPlans;
  readonly approvals: ApprovalStore;
  readonly faults: FaultStore;
  readonly gasAccounts: GasAccountStore;
  readonly cut: Cut;
  readonly redemption: Redemption;
  readonly intervention: Intervention;
}

export function createMintTools(deps: MintToolsDeps): MintTools {
  const { sql } = deps;
  const epochs = new EpochStore(sql);
  const batches = new BatchStore(sql);
  const redemption = new Redemption({ ...deps, epochs, batches });
  return {
    ...{ epochs, batches, redemption, slots: new SlotStore(sql), plans: new CheckedPlans({ sql, epochs }) },
    ...{
      approvals: new ApprovalStore({ sql, epochs }),
      faults: new FaultStore(sql),
      gasAccounts: new GasAccountStore(sql),
      cut: new Cut({ ...deps, epochs, batches }),
    },
    intervention: new Intervention({ ...deps, epochs, batches }),
  };
}

export interface ChainDeps {
  /** Of the network's Pact API. */
  readonly nodes: readonly ChainNode[];
  /** So many must say the same before anything moves: `quorumOf` them. */
  readonly quorum: number;
  readonly terms: MintTerms;
}

export function createReconciliation(
  tools: MintTools,
  { sql, nodes, quorum, terms }: ChainDeps & { sql: Sql },
): Reconciliation {
  const contract = contractOf(terms);
  const view = new ChainView({ nodes, quorum, contract });
  return new Reconciliation({
    ...tools,
    sql,
    contract,
    view,
    contractGuard: new ContractGuard({ sql, terms }),
  });
}

/** What a person has done of it: `stoa-hub mint contract adopt`. */
export function createContractAdoption(deps: MintToolsDeps & ChainDeps): ContractAdoption {
  const view = new ChainView({ ...deps, contract: contractOf(deps.terms) });
  return new ContractAdoption({ ...deps, view, lease: leaseOf({ ...deps, holder: '' }) });
}

export interface MintDeps extends MintToolsDeps, ChainDeps {
  /** Unique to this run of the process. */
  readonly holder: string;
  readonly signer: MintSigner;
  /** Without `after` it waits for every node until that gives up. */
  readonly clock: Pick<Clock, 'now'> & Partial<Pick<Clock, 'after'>>;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

export interface Mint extends MintTools {
  readonly sequencer: Sequencer;
  readonly reconciliation: Reconciliation;
}

const TICKS = 3;

function leaseOf({ sql, clock, holder }: Pick<MintDeps, 'sql' | 'clock' | 'holder'>): Lease {
  return new Lease({ sql, clock, holder, name: 'mint', leaseMs: TICKS * SEQUENCE_MS });
}

/** The daily mint of a region. */
export function createMint(deps: MintDeps): Mint {
  const { sql, clock, nodes, quorum, terms, holder } = deps;
  const tools = createMintTools(deps);
  const contract = contractOf(terms);
  const view = new ChainView({ nodes, quorum, contract, after: clock.after?.bind(clock) });
  const cancellation = new Cancellation({ ...deps, ...tools, view, contract });
  const lease = leaseOf({ sql, clock, holder });
  const signing = new Signing({ ...deps, ...tools, view });
  const reconciliation = createReconciliation(tools, deps);
  const gas = new GasWatch({ ...deps, accounts: tools.gasAccounts, view });
  const contractGuard = new ContractGuard(deps);
  const held = { contractGuard, cancellation, reconciliation, lease, signing, view, gas };
  return {
    ...{ ...tools, reconciliation },
    sequencer: new Sequencer({ ...deps, ...tools, ...held }),
  };
}
