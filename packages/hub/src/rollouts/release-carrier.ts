import type { Sql } from '#seams/db-adapter/index.ts';
import type { Bell } from '../bell.ts';
import type { AssignmentStore } from './assignment-store.ts';
import type { Carrier } from './carrier.ts';

/** Nodes are told by their sessions, fetch the release by themselves, and say where they are (`StatusDesk`). */
export class ReleaseCarrier implements Carrier {
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
