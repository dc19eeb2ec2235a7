import type { StagedJobs } from '#jobs/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Bell } from '../bell.ts';
import type { AssignmentStore } from './assignment-store.ts';
import type { Rollout } from './rollout.ts';
import { UpgradeCarrier } from './upgrade-carrier.ts';
import { UpgradeStore } from './upgrade-store.ts';

/**
 * The way of a rollout's cargo to nodes, and of their words back: all that differs between cargos while it runs. Rings,
 * gates, limits, halts and deadlines are the same for each.
 */
export interface Carrier {
  /** Takes down what nodes have said since, where that comes by no frame of its own. */
  hear(by: { now: number; deaf: boolean }): Promise<void>;
  /** Hands it to nodes that were assigned. Idempotent. */
  give(nodeIds: readonly string[], now: number): Promise<void>;
  /** Takes it back from nodes that have not begun. */
  recall(now: number): Promise<void>;
  /** Ends it on nodes that a person gave up. */
  giveUp(nodeIds: readonly string[], now: number): Promise<void>;
}

export type Carriers = (rollout: Rollout) => Carrier;

export function createCarriers(by: {
  sql: Sql;
  assignments: AssignmentStore;
  /** Heard by the instances that have the nodes' sessions (`AssignmentSender`). */
  ready: Bell;
  jobs: StagedJobs;
}): Carriers {
  const upgrades = new UpgradeStore(by.sql);
  return (rollout) => {
    const { cargo } = rollout;
    return cargo.kind === 'chainweb'
      ? new UpgradeCarrier({ ...by, upgrades, rollout, batchId: cargo.batchId })
      : new ReleaseCarrier({ ...by, rolloutId: rollout.rolloutId });
  };
}

/** Nodes are told by their sessions, fetch the release by themselves, and say where they are (`StatusDesk`). */
class ReleaseCarrier implements Carrier {
  readonly #sql: Sql;
  readonly #assignments: AssignmentStore;
  readonly #ready: Bell;
  readonly #rolloutId: string;

  constructor(by: { sql: Sql; assignments: AssignmentStore; ready: Bell; rolloutId: string }) {
    this.#sql = by.sql;
    this.#assignments = by.assignments;
    this.#ready = by.ready;
    this.#rolloutId = by.rolloutId;
  }

  hear(): Promise<void> {
    return Promise.resolve();
  }

  give(nodeIds: readonly string[]): Promise<void> {
    return this.#ready.ring(this.#sql, nodeIds);
  }

  async recall(now: number): Promise<void> {
    await this.give(await this.#assignments.recall(this.#rolloutId, now));
  }

  giveUp(nodeIds: readonly string[]): Promise<void> {
    return this.give(nodeIds);
  }
}
