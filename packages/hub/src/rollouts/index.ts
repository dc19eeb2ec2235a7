import { type Random, toHex } from '@stoa/protocol';
import { AuditLog } from '#audit/index.ts';
import { StagedJobs } from '#jobs/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { Bell } from '../bell.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { LedTask } from '../leases/index.ts';
import type { Log } from '../log.ts';
import type { Orders } from '../orders/index.ts';
import { RareLog } from '../rare-log.ts';
import type { ReleaseBench } from '../releases/index.ts';
import type { Task } from '../ticker.ts';
import { AssignmentStore } from './assignment-store.ts';
import type { Carriers } from './carrier.ts';
import { createCarriers } from './carriers.ts';
import { RolloutDesk } from './desk.ts';
import { FleetStore } from './fleet-store.ts';
import { UpdateLogRetention } from './log-retention.ts';
import { PauseAll } from './pause-all.ts';
import { RolloutReader } from './reader.ts';
import { RingStore } from './ring-store.ts';
import type { Rollout } from './rollout.ts';
import { RolloutStore } from './rollout-store.ts';
import { AssignmentSender, type UpdateSessions } from './sender.ts';
import { StatusDesk } from './status-desk.ts';
import { StatusStore } from './status-store.ts';
import { RolloutTicker } from './ticker.ts';
import { WishDesk } from './wish-desk.ts';

export { RolloutDesk, type RolloutPlan } from './desk.ts';
export { mayBegin } from './may-begin.ts';
export type { PauseAllState } from './pause-all.ts';
export { actsOn, type CourseAct, RINGS } from './plan/index.ts';
export type { NodeUpdate, StuckNode } from './reader.ts';
export type { Cargo, CargoKind, ReleaseKind, Rollout } from './rollout.ts';
export type { UpdateSession, UpdateSessions } from './sender.ts';
export { UpgradeDesk, type UpgradePlan, type UpgradeRequest } from './upgrade-desk.ts';

export interface RolloutToolsDeps {
  readonly sql: Sql;
  readonly releases: Pick<ReleaseBench, 'reader' | 'sightings'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly onMoved?: (rolloutId: string) => void;
}

/** What people do with rollouts and see of them: of a hub, and of a command beside one. */
export interface RolloutTools {
  readonly desk: RolloutDesk;
  readonly reader: RolloutReader;
  readonly wishes: WishDesk;
  readonly pauseAll: PauseAll;
}

interface RolloutCore extends RolloutTools {
  readonly rollouts: RolloutStore;
  readonly rings: RingStore;
  readonly assignments: AssignmentStore;
  readonly carriers: Carriers;
  readonly ready: Bell;
}

export function createRolloutTools(deps: RolloutToolsDeps): RolloutCore {
  const { sql, clock, onMoved = () => undefined } = deps;
  const { reader: releases, sightings } = deps.releases;
  const rollouts = new RolloutStore(sql);
  const rings = new RingStore(sql);
  const assignments = new AssignmentStore(sql);
  const pauseAll = new PauseAll(sql);
  const ready = new Bell({ sql, channel: 'updates_ready' });
  const audit = new AuditLog({ sql, clock });
  const carriers = createCarriers({ sql, assignments, ready, jobs: new StagedJobs(sql) });
  return {
    ...{ rollouts, rings, assignments, carriers, pauseAll, ready },
    desk: new RolloutDesk({
      ...{ sql, releases, rollouts, rings, assignments, carriers, pauseAll, audit, clock, onMoved },
      firstSeen: (sha256) => sightings.of(sha256),
      rootFloor: async () => (await releases.standing())?.root.floor?.version,
    }),
    reader: new RolloutReader({ sql, rollouts, pauseAll }),
    wishes: new WishDesk({ sql, audit, clock }),
  };
}

export interface RolloutsDeps extends Omit<RolloutToolsDeps, 'clock' | 'onMoved'> {
  readonly instanceId: string;
  /** Whether nodes still take what was ordered. */
  readonly orders: Pick<Orders, 'fault'>;
  /** Asked when there is something to tell, so that it may be there later than rollouts are. */
  readonly sessions: () => UpdateSessions | undefined;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Of a rehearsal: in force only where releases are signed by holders of development. */
  readonly rehearsal: number;
}

export interface Rollouts extends RolloutTools {
  /** Takes what nodes say of their updates. */
  readonly frames: Pick<StatusDesk, 'updateStatus'>;
  readonly tasks: readonly Task[];
  /** Lets another instance go on with it. */
  release(): Promise<void>;
  /** Hears no more of what others assign. */
  close(): Promise<void>;
}

const SAID_AGAIN_MS = 10_000;

/** What the region's nodes are to install now. Listens for what other instances assign from here on. */
export async function createRollouts(deps: RolloutsDeps): Promise<Rollouts> {
  const { sql, clock, bus, log, random } = deps;
  const rarely = new RareLog({ ...deps, everyMs: SAID_AGAIN_MS });
  const onMoved = (rolloutId: string) => bus.publish('rollouts', { ids: [rolloutId] });
  const core = createRolloutTools({ ...deps, onMoved });
  const { rollouts, rings, assignments, carriers, pauseAll, ready } = core;
  const sender = new AssignmentSender({
    ...{ sql, pauseAll, clock },
    sessions: {
      get: (nodeId) => deps.sessions()?.get(nodeId),
      all: () => deps.sessions()?.all() ?? [],
    },
  });
  const frames = new StatusDesk({
    ...{ store: new StatusStore(sql), sender, clock },
    onSaid: (ids) => bus.publish('updates', { ids }),
  });
  const ticker = new RolloutTicker({
    ...{ sql, rollouts, rings, assignments, carriers, pauseAll, clock, log, onMoved },
    fleet: new FleetStore(sql),
    faultOf: (rollout) => faultOf(rollout, deps.orders),
    hurry: () => tempoOf(deps),
  });
  const unlisten = await ready.listen((nodeIds) => {
    sender.tell(nodeIds).catch((err: unknown) => {
      rarely.write('error', 'tell', { fields: { err }, message: 'assignments of updates could not be told' });
    });
  });
  const led = new LedTask(ticker, { sql, clock, holder: `${deps.instanceId} ${toHex(random(6))}` });
  return {
    ...core,
    frames,
    tasks: [led, new UpdateLogRetention({ sql, clock })],
    release: () => led.release(),
    close: unlisten,
  };
}

async function faultOf({ cargo }: Rollout, orders: Pick<Orders, 'fault'>): Promise<string | undefined> {
  if (cargo.kind !== 'chainweb') return undefined;
  return cargo.order === undefined ? 'its order is no longer kept' : orders.fault(cargo.order.sealed);
}

/** In earnest nothing is asked of releases: what is on the disk may be broken, and a gate must halt all the same. */
async function tempoOf({ rehearsal, releases }: RolloutsDeps): Promise<number> {
  if (rehearsal === 1) return 1;
  return (await releases.reader.standing())?.root.development ? rehearsal : 1;
}
