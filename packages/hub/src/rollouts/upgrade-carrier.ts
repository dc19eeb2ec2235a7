import type { StagedJobs } from '#jobs/index.ts';
import { DEADLINE_MS } from './assignment-state.ts';
import type { Carrier } from './carrier.ts';
import type { Rollout } from './rollout.ts';
import type { UpgradeStore } from './upgrade-store.ts';
import { wordOf } from './upgrade-word.ts';

/**
 * Each node gets a job under the order that names all of them. What it says is the job's end, then the version that it
 * reports and whether it is at the tip: a node that says it is done has shown nothing yet.
 */
export class UpgradeCarrier implements Carrier {
  readonly #jobs: StagedJobs;
  readonly #upgrades: UpgradeStore;
  readonly #rollout: Rollout;
  readonly #batchId: string;

  constructor(by: { jobs: StagedJobs; upgrades: UpgradeStore; rollout: Rollout; batchId: string }) {
    this.#jobs = by.jobs;
    this.#upgrades = by.upgrades;
    this.#rollout = by.rollout;
    this.#batchId = by.batchId;
  }

  async hear(by: { now: number; deaf: boolean }): Promise<void> {
    const { rolloutId } = this.#rollout;
    const heard = await this.#upgrades.jobs(this.#rollout);
    const words = heard.flatMap((job) => {
      const word = wordOf(job, by);
      return word === undefined ? [] : [{ nodeId: job.nodeId, from: job.place, ...word }];
    });
    await this.#upgrades.settle(rolloutId, words, by.now);
    // Assigned by a process that did not live to hand it out.
    await this.give(await this.#upgrades.withoutJob(rolloutId), by.now);
  }

  async give(nodeIds: readonly string[], now: number): Promise<void> {
    const jobs = await this.#jobs.give(this.#batchId, nodeIds, { now, deadline: now + DEADLINE_MS });
    await this.#upgrades.given(this.#rollout.rolloutId, jobs);
  }

  async recall(now: number): Promise<void> {
    await this.#jobs.takeBack(this.#batchId, { now, reason: 'taken back: the rollout stands still' });
    await this.#upgrades.back(this.#rollout.rolloutId);
  }

  giveUp(nodeIds: readonly string[], now: number): Promise<void> {
    return this.#jobs.end(this.#batchId, nodeIds, { now, reason: 'given up by a person' });
  }
}
