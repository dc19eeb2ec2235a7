import { mkdir } from 'node:fs/promises';
import type { CryptoSuite, HubChain, Random, SigningKey } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import type { HttpFeature } from '../http.ts';
import type { Log } from '../log.ts';
import { LoopShare } from '../loop-share.ts';
import type { Liveness, NetworkHeads, NodeEventLog } from '../nodes/index.ts';
import { RareLog } from '../rare-log.ts';
import { Refreshed } from '../refreshed.ts';
import type { Task } from '../ticker.ts';
import { BatchOrders } from './batch-orders.ts';
import { Cancels } from './cancels.ts';
import { DispatchStore, type MayBegin } from './dispatch-store.ts';
import { Dispatcher } from './dispatcher.ts';
import { DueSweep } from './due-sweep.ts';
import { JobFrames } from './frames.ts';
import { createJobTools, type JobTools } from './job-tools.ts';
import { LeaseDesk } from './lease-desk.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { LeaseStore } from './lease-store.ts';
import { DEFAULT_LIMITS, loadWorkLimits } from './limits.ts';
import { LogDesk } from './log-desk.ts';
import { logPeerRoutes, type PeerFetch } from './log-peers.ts';
import { NodeWorkStore } from './node-work-store.ts';
import type { OrderSource } from './order-source.ts';
import { ResultDesk } from './result-desk.ts';
import { ResultStore } from './result-store.ts';
import { JobRetention } from './retention.ts';
import { WorkSessions } from './work-sessions.ts';

export type { AgentSession } from './agent-session.ts';
export { attemptsAt } from './attempts.ts';
export { type BatchCounts, type BatchTally, countBatch, tallyBatch } from './batch-tally.ts';
export { type HubJob, type HubJobEnd, HubWork, type NewHubJob } from './hub-work.ts';
export type { JobBatch, JobDetail, JobReceiptRow, JobReport, JobRun, JobSummary, Keepsake } from './job.ts';
export type { JobChoice } from './job-choice.ts';
export { JobDesk, type JobRequest, type JobSubmit, type StagedBatch, type Submitted } from './job-desk.ts';
export { type JobLog, JobLogs } from './job-logs.ts';
export {
  isUuid,
  JOBS_A_PAGE,
  type JobCursor,
  type JobFilter,
  type JobPage,
  JobReader,
} from './job-reader.ts';
export { createJobTools, type JobTools } from './job-tools.ts';
export { holderSeen, othersSeen } from './lease-store.ts';
export { loadWorkLimits, saveWorkLimits, type WorkLimits } from './limits.ts';
export { answerLog } from './log-answer.ts';
export { LogFollowers } from './log-followers.ts';
export type { OrderSource, SubmittedOrder } from './order-source.ts';
export {
  addressOf,
  jobPages,
  jobSources,
  ORDER_WORDS,
  ParameterFields,
  PlanView,
  type RunForm,
  readRun,
  texts,
} from './pages/index.ts';
export { type JobPlan, LEFT_OUT, type LeftOut, type Share } from './planner.ts';
export { type JobSchedule, JobSchedules } from './schedules.ts';
export { sessionChannel } from './session-channel.ts';
export { StagedJobs } from './staged-jobs.ts';
export { isOver, JOB_STATES, type JobState } from './state.ts';
export { toldParams } from './told-params.ts';

export interface JobsDeps {
  readonly instance: string;
  /** Where peers reach this instance; empty where they don't. */
  readonly url: string;
  /** Of the logs; made where it is missing. */
  readonly logDirectory: string;
  /** Restore generation of the database. */
  readonly generation: number;
  readonly party: () => { readonly key: SigningKey; readonly chain: HubChain };
  readonly orders: OrderSource;
  readonly mayBegin: MayBegin;
  readonly random: Random;
  readonly fetch: PeerFetch;
  readonly sql: Sql;
  readonly bus: Bus;
  readonly events: Pick<NodeEventLog, 'append'>;
  readonly liveness: Liveness;
  readonly heads: Pick<NetworkHeads, 'heads'>;
  readonly clock: Clock;
  readonly crypto: CryptoSuite;
  readonly log: Log;
}

export interface Jobs extends JobTools {
  readonly frames: JobFrames;
  /** What instances answer each other. */
  readonly peerRoutes: HttpFeature;
  readonly tasks: readonly Task[];
  close(): Promise<void>;
}

const SAID_AGAIN_MS = 10_000;

/** Work: submitted by people, pulled by agents. Listens for what other instances tell from here on. */
export async function createJobs(deps: JobsDeps): Promise<Jobs> {
  const { sql, clock, crypto, instance, party, bus, events } = deps;
  await mkdir(deps.logDirectory, { recursive: true, mode: 0o700 });
  const rarely = new RareLog({ ...deps, everyMs: SAID_AGAIN_MS });
  const failed = (what: string) => (err: unknown) =>
    rarely.write('error', what, { fields: { err }, message: `jobs: ${what} failed` });
  const limits = new Refreshed({ clock, load: () => loadWorkLimits(sql) });
  let share = DEFAULT_LIMITS.share;
  const loop = new LoopShare();
  const sessions = new WorkSessions();
  const moved = (ids: readonly string[]) => {
    if (ids.length > 0) bus.publish('jobs', { ids });
  };
  const settled = (jobs: readonly { readonly jobId: string }[]) => moved(jobs.map(({ jobId }) => jobId));
  const tools = await createJobTools({ ...deps, onMoved: moved });
  const { desk, reader, logs, ready, cancels, files, logStore, passes } = tools;
  const dispatches = new DispatchStore(sql, deps.mayBegin);
  const dispatcher = new Dispatcher({
    ...{ sessions, store: dispatches, party, instance, generation: deps.generation, clock, loop },
    orders: new BatchOrders({ sql, source: deps.orders }),
    share: () => share,
    onLeased: settled,
    onError: failed('leasing'),
  });
  const logDesk = new LogDesk({
    ...{ files, store: logStore, instance, clock },
    onGrown: (jobId) => logs.grew(jobId),
  });
  const leases = new LeaseStore({ sql, instance });
  // Peers ask it for logs from here on.
  await leases.seen(clock.now(), deps.url);
  const leaseDesk = new LeaseDesk({
    ...{ store: leases, clock, loop },
    onStanding(session, standing) {
      settled(standing);
      for (const lease of standing) logDesk.opened(session, lease).catch(failed('opening a log'));
    },
  });
  const results = new ResultDesk({
    ...{ store: new ResultStore(sql), party, crypto, clock, loop, onSettled: settled },
    // A ring that is lost costs the time to the next sweep, and no node its receipt.
    onReady: (nodeIds) => ready.ring(sql, nodeIds).catch(failed('ringing for work')),
    onConflict(nodeId, jobId) {
      events.append('result-conflict', nodeId, { jobId }).catch(failed('writing an event'));
    },
  });
  const nodeWork = new NodeWorkStore({ sql, clock });
  const cancelling = new Cancels({ sql, sessions, instance });
  const unlisten = await Promise.all([
    ready.listen((nodeIds) => dispatcher.ring(nodeIds ?? sessions.nodeIds())),
    cancels.listen((jobIds) => {
      cancelling.tell(jobIds).catch(failed('telling of cancels'));
    }),
  ]);
  return {
    frames: new JobFrames({ sessions, dispatcher, leases: leaseDesk, logs: logDesk, results, nodeWork }),
    ...{ desk, reader, logs },
    peerRoutes: logPeerRoutes({ logs, passes }),
    tasks: [
      new JobRetention({ sql, files, clock }),
      new LeaseKeeper({
        ...{ store: leases, url: deps.url, clock, onSettled: settled },
        onReady: (nodeIds) => ready.ring(sql, nodeIds),
      }),
      new DueSweep({
        ...{ store: dispatches, instance, clock },
        async ring(nodeIds) {
          ({ share } = await limits.read());
          dispatcher.ring(nodeIds);
        },
      }),
    ],
    async close() {
      await Promise.all(unlisten.map((end) => end()));
    },
  };
}
