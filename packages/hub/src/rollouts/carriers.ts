import type { StagedJobs } from '#jobs/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Bell } from '../bell.ts';
import type { AssignmentStore } from './assignment-store.ts';
import type { Carriers } from './carrier.ts';
import { ReleaseCarrier } from './release-carrier.ts';
import { UpgradeCarrier } from './upgrade-carrier.ts';
import { UpgradeStore } from './upgrade-store.ts';

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
