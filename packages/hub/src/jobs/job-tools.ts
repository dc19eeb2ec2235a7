import { NodeAccess } from '#accounts/index.ts';
import { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { Bell } from '../bell.ts';
import type { Clock } from '../clock.ts';
import type { Liveness, NetworkHeads } from '../nodes/index.ts';
import { loadSecret } from '../region-settings.ts';
import { DeskStore } from './desk-store.ts';
import { JobChoices } from './job-choice.ts';
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

/** What people do with jobs, see of them, and read: of a hub, and of a command beside one, which the hub hears by the database. */
export interface JobTools {
  readonly desk: JobDesk;
  readonly reader: JobReader;
  readonly logs: JobLogs;
}

/** With what a hub builds the rest on. */
export interface JobCore extends JobTools {
  readonly ready: Bell;
  readonly cancels: Bell;
  readonly files: LogFiles;
  readonly logStore: LogStore;
  readonly passes: PeerPasses;
}

/** No instance is called so: a command asks for every log that is not on its machine's disk. */
const NO_INSTANCE = '';

export async function createJobTools(
  deps: JobToolsDeps & {
    readonly instance?: string;
    /** Told of jobs that people moved. */
    readonly onMoved?: (jobIds: readonly string[]) => void;
  },
): Promise<JobCore> {
  const { sql, clock, instance = NO_INSTANCE, onMoved = () => undefined } = deps;
  const access = new NodeAccess({ sql });
  const ready = new Bell({ sql, channel: 'jobs_ready' });
  const cancels = new Bell({ sql, channel: 'jobs_cancel' });
  const files = new LogFiles({ directory: deps.logDirectory });
  const logStore = new LogStore(sql);
  const passes = new PeerPasses({ key: await loadSecret(sql, 'job-log-key', deps.random(32)), clock });
  const holders = new LogPeers({ store: logStore, passes, fetch: deps.fetch, clock });
  return {
    ...{ ready, cancels, files, logStore, passes },
    desk: new JobDesk({
      ...{ clock, ready, cancels, onMoved, orders: deps.orders },
      choices: new JobChoices({ sql, access }),
      store: new DeskStore(sql),
      planner: new JobPlanner({ ...deps, access }),
      audit: new AuditLog({ sql, clock }),
      limits: () => loadWorkLimits(sql),
    }),
    reader: new JobReader({ sql, access }),
    logs: new JobLogs({ files, store: logStore, instance, holders, clock }),
  };
}
