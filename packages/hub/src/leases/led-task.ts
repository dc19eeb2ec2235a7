import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import { Lease } from './lease.ts';

const TICKS = 3;

/**
 * A ticker that one process of the region runs at a time, hubs and workers alike. Three periods after the holder was last
 * there another takes over, so a tick must be safe to run twice at once; what may not be written twice asks `lease.fence`.
 */
export class LedTask implements Task {
  readonly name: string;
  readonly periodMs: number;
  readonly lease: Lease;
  readonly #task: Task;

  constructor(task: Task, by: { sql: Sql; clock: Pick<Clock, 'now'>; holder: string }) {
    this.#task = task;
    this.name = task.name;
    this.periodMs = task.periodMs;
    this.lease = new Lease({ ...by, name: task.name, leaseMs: TICKS * task.periodMs });
  }

  async tick(stop?: AbortSignal): Promise<void> {
    if ((await this.lease.hold()) !== undefined) await this.#task.tick(stop);
  }

  /** Lets another process take over at once. */
  release(): Promise<void> {
    return this.lease.release();
  }
}
