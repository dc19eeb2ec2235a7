import { join } from 'node:path';
import { type Bootstrap, createBootstrap, SSH_QUEUE_POLICY, sshChannel } from './bootstrap/index.ts';
import type { Clock } from './clock.ts';
import { within } from './closing.ts';
import type { HubConfig } from './config.ts';
import { holderSeen, type Jobs, othersSeen, sessionChannel } from './jobs/index.ts';
import { LedTask } from './leases/index.ts';
import type { Log } from './log.ts';
import type { JoinTokens, NodeRegistry } from './nodes/index.ts';
import { FirstThatCarries } from './seams/agent-channel/index.ts';
import type { Sql } from './seams/db-adapter/index.ts';
import { BullMqQueue, type JobQueue, PgBossQueue } from './seams/job-queue/index.ts';
import { TableProbeCache } from './seams/probe-cache/index.ts';
import type { Task } from './ticker.ts';
import type { Sealers, Vault } from './vault/index.ts';
import type { Viewer } from './viewer.ts';

/** What stops runs into a queue or a database that may be away: its leases end by themselves. */
const CLOSING_MS = 4_000;
/** A command on a host has ten seconds to hear of its end. */
const JOBS_CLOSING_MS = 15_000;

export interface SshSideDeps {
  readonly config: HubConfig;
  readonly sql: Sql;
  readonly generation: number;
  /** Of this process, unique in the region. */
  readonly instance: string;
  /** Whether work is run here; as SSH_WORKER says where it is not told. */
  readonly runs?: boolean;
  /** Of hub-run work, closed with this side; as the settings say where none is given. */
  readonly queue?: JobQueue | undefined;
  readonly tokens: JoinTokens;
  readonly registry: Pick<NodeRegistry, 'ownerOf'>;
  /** Told of a node whose tips were polled over SSH; nobody listens in a worker. */
  readonly onPolled?: (nodeId: string) => void;
  readonly vault: Vault;
  readonly installer: { readonly script: string };
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
}

export interface SshSide extends Pick<Bootstrap, 'desk' | 'agentless' | 'access' | 'vault' | 'cache'> {
  readonly queue: JobQueue;
  /** Every way to a node, the live session first. */
  channel(jobs: Pick<Jobs, 'desk' | 'reader'>): FirstThatCarries<Viewer>;
  readonly tasks: readonly Task[];
  /** Begins to take work, where it is run here. */
  start(): void;
  /** @throws HubError `closing_late`. */
  close(): Promise<void>;
}

/** What hub and workers have in common: the queue of hub-run work, and what runs it over SSH. */
export async function openSshSide(deps: SshSideDeps): Promise<SshSide> {
  const { config, sql, clock, random, instance } = deps;
  const runs = deps.runs ?? config.sshWorker === 'here';
  const queue = deps.queue ?? (await openQueue(deps));
  const bootstrap = createBootstrap({
    ...deps,
    ...{ queue, egressAllow: config.egressAllow, network: config.network },
    logDirectory: config.jobsDir ?? join(config.dataDir, 'jobs'),
    cache: new TableProbeCache({ sql, clock }),
  });
  const { worker, workerTasks, leaderTasks, ...shown } = bootstrap;
  const holder = `${instance} ${Buffer.from(random(6)).toString('hex')}`;
  const led = leaderTasks.map((task) => new LedTask(task, { sql, clock, holder }));
  const closing = new AsyncDisposableStack();
  const last = within(CLOSING_MS, clock);
  closing.defer(() => last(queue.close()));
  closing.defer(() => last(releaseAll(led)));
  closing.defer(() => within(JOBS_CLOSING_MS, clock)(bootstrap.close()));
  return {
    ...{ ...shown, queue },
    channel: (jobs) =>
      new FirstThatCarries([sessionChannel(jobs.desk, jobs.reader), sshChannel(bootstrap.desk)]),
    tasks: runs ? [...workerTasks, ...led] : [],
    start() {
      if (runs) worker.start();
    },
    close: () => closing.disposeAsync(),
  };
}

async function releaseAll(led: readonly LedTask[]): Promise<void> {
  await Promise.all(led.map((task) => task.release()));
}

/** Hubs and workers as the vault must know them; commands come and go. */
export function sealersOf(by: { instance: string; url: string; clock: Pick<Clock, 'now'> }): Sealers {
  const { instance, url, clock } = by;
  return {
    others: (tx) => othersSeen(tx, instance, clock.now()),
    seen: (tx) => holderSeen(tx, { instance, url, now: clock.now() }),
  };
}

function openQueue({ config, sql, log }: SshSideDeps): Promise<JobQueue> {
  const policy = SSH_QUEUE_POLICY;
  return config.redisUrl === undefined
    ? PgBossQueue.open({ sql, policy, log })
    : BullMqQueue.open({ url: config.redisUrl, policy, log });
}
