import { AuditLog } from '#audit/index.ts';
import { HistoryStore } from '#history/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { ClusterStore } from './cluster-store.ts';
import { DisputeStore } from './dispute-store.ts';
import { DisputeDesk } from './disputes.ts';
import { SybilReports } from './report.ts';

/** What admins look at and decide, by pages or commands. */
export interface SybilTools {
  readonly reports: SybilReports;
  readonly disputes: DisputeStore;
  readonly desk: DisputeDesk;
}

export function createSybilTools(deps: { sql: Sql; clock: Clock }): SybilTools {
  const { sql } = deps;
  return {
    reports: new SybilReports({ clusters: new ClusterStore(sql), history: new HistoryStore({ sql }) }),
    disputes: new DisputeStore(sql),
    desk: new DisputeDesk({ ...deps, audit: new AuditLog(deps) }),
  };
}
