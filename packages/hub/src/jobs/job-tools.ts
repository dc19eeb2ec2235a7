import { NodeAccess } from '#accounts/index.ts';
import { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Liveness, NetworkHeads } from '../nodes/index.ts';
import { loadSecret } from '../region-settings.ts';
import { Bell } from './bell.ts';
import { DeskStore } from './desk-store.ts';
import { JobDesk } from './job-desk.ts';
import { JobLogs } from './job-logs.ts';
import { JobReader } from './job-reader.ts';
import { loadWorkLimits } from './limits.ts';
import { LogFiles } from './log-files.ts';
import { LogPeers, type PeerFetch, PeerPasses } from './log-peers.ts';
import { LogStore } from './log-store.ts';
import type { OrderSource } from './order-source.ts';
import { JobPlanner } from './planner.ts';

export interface JobToolsDeps {
  readonly sql: Sql;
  /** Where this machine's hub keeps logs. */
  readonly logDirectory: string;
  readonly orders: OrderSource;
  readonly liveness: Liveness;
  readonly heads: Pick<NetworkHeads, 'heads'>;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly fetch: PeerFetch;
}

/** What a command beside a running hub does with jobs: the hub hears of it by the database. */
export interface JobTools {
  readonly desk: JobDesk;
  readonly reader: JobReader;
  readonly logs: JobLogs;
}

export async function createJobTools(deps: JobToolsDeps): Promise<JobTools> {
  const { sql, clock } = deps;
  const access = new NodeAccess({ sql });
  const store = new LogStore(sql);
  const passes = new PeerPasses({ key: await loadSecret(sql, 'job-log-key', deps.random(32)), clock });
  return {
    desk: new JobDesk({
      ...{ sql, access, clock, orders: deps.orders, onMoved: () => undefined },
      ready: new Bell({ sql, channel: 'jobs_ready' }),
      cancels: new Bell({ sql, channel: 'jobs_cancel' }),
      store: new DeskStore(sql),
      planner: new JobPlanner({ ...deps, access }),
      audit: new AuditLog({ sql, clock }),
      limits: () => loadWorkLimits(sql),
    }),
    reader: new JobReader({ sql, access }),
    logs: new JobLogs({
      files: new LogFiles({ directory: deps.logDirectory }),
      ...{ store, clock, holders: new LogPeers({ store, passes, fetch: deps.fetch }) },
      // No instance is called so: what is not on this machine's disk is asked for.
      instance: '',
    }),
  };
}
