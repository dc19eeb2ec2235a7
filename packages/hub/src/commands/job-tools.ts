import { join } from 'node:path';
import { nodeCrypto } from '@stoa/protocol/node';
import { AccountStore } from '../accounts/index.ts';
import { AuditLog } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import {
  type BatchCounts,
  type BatchTally,
  countBatch,
  createJobTools,
  JobSchedules,
  type JobTools,
  tallyBatch,
} from '../jobs/index.ts';
import { createLog } from '../log.ts';
import { Liveness } from '../nodes/index.ts';
import { createOrders, type Orders } from '../orders/index.ts';
import type { Sql } from '../seams/db-adapter/index.ts';
import { secureRandom } from '../secure-random.ts';
import type { Viewer } from '../viewer.ts';
import { besideHub } from './beside.ts';
import { LOCAL } from './command-line.ts';
import type { CommandContext } from './context.ts';
import { NO_HEADS } from './fleet.ts';

export interface JobBench extends JobTools {
  readonly sql: Sql;
  readonly orders: Orders;
  readonly schedules: JobSchedules;
  /** Whoever has the shell has proved to be there. */
  readonly viewer: Viewer;
  readonly now: () => number;
  count(batchId: string): Promise<BatchCounts>;
  tally(batchId: string): Promise<BatchTally>;
}

/** The jobs of a region as its admin handles them who sits at the machine. */
export async function withJobs<T>(
  context: CommandContext,
  work: (bench: JobBench) => Promise<T>,
): Promise<T> {
  const { config } = context;
  return besideHub(context, async ({ sql }) => {
    const clock = systemClock;
    const orders = createOrders({
      sql,
      region: config.region,
      clock,
      random: secureRandom,
      crypto: nodeCrypto,
    });
    const tools = await createJobTools({
      ...{ sql, orders, clock, random: secureRandom, fetch, heads: NO_HEADS },
      logDirectory: config.jobsDir ?? join(config.dataDir, 'jobs'),
      liveness: new Liveness({ clock, intervalMs: config.heartbeatSeconds * 1_000 }),
    });
    const accounts = new AccountStore(sql);
    return work({
      ...tools,
      sql,
      orders,
      schedules: new JobSchedules({
        ...{ sql, clock, desk: tools.desk, audit: new AuditLog({ sql, clock }) },
        holderOf: (email) => accounts.holder(email),
        log: createLog({ level: config.logLevel }),
      }),
      viewer: { ...LOCAL, confirmedAt: clock.now() },
      now: () => clock.now(),
      count: (batchId) => countBatch(sql, batchId),
      tally: (batchId) => tallyBatch(sql, batchId),
    });
  });
}
