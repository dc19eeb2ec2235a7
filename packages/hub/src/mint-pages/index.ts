import type { MiddlewareHandler } from 'hono';
import type { AuditLog } from '#audit/index.ts';
import { GasAccountStore } from '#mint/index.ts';
import type { NetworkHeads } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { LiveSource } from '../console/live.ts';
import type { HttpEnv, HttpFeature } from '../http.ts';
import { Refreshed } from '../refreshed.ts';
import { readApprovals } from './approval-reader.ts';
import { type SweepActs, SweepDesk } from './desk.ts';
import { DiffStore } from './diff-store.ts';
import { mintExplorerRoutes } from './explorer-routes.tsx';
import type { TransactionLinks } from './links.ts';
import { OwnMints } from './own-mints.ts';
import { mintAdminRoutes } from './routes.tsx';
import { sweepSource } from './source.tsx';
import { SweepStore } from './sweep-store.ts';
import { readWaiting } from './waiting-store.ts';

export type { SweepActs } from './desk.ts';
export type { TransactionLinks } from './links.ts';
export { readTroubles } from './troubles.ts';

export interface MintPagesDeps {
  readonly sql: Sql;
  /** Undefined where this hub mints nothing. */
  readonly acts: SweepActs | undefined;
  readonly heads: Pick<NetworkHeads, 'heads'>;
  readonly links: TransactionLinks;
  /** Where browsers reach this hub. */
  readonly origin: string;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface MintPages {
  readonly features: readonly HttpFeature[];
  readonly sources: readonly LiveSource[];
  /** What was minted to a person's accounts, for the page of earnings. */
  readonly own: OwnMints;
}

/** The mint as people see it: theatre and acts for admins, proofs for everybody. It reads what the sequencer writes; any instance serves it. */
export function createMintPages(deps: MintPagesDeps): MintPages {
  const { sql, acts, audit, clock } = deps;
  const store = new SweepStore(sql);
  const waiting = new Refreshed({ clock, load: () => readWaiting(sql) });
  const desk = acts && new SweepDesk({ sql, acts, audit, clock });
  return {
    features: [
      mintAdminRoutes({
        ...{ ...deps, store, diffs: new DiffStore(sql), waiting, desk },
        gasAccounts: new GasAccountStore(sql),
        approvalsOf: (epoch) => readApprovals(sql, epoch),
      }),
      mintExplorerRoutes({ ...deps, store }),
    ],
    sources: [sweepSource({ ...deps, store })],
    own: new OwnMints(sql),
  };
}
