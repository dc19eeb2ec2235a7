import { orderKind, peek, toHex } from '@stoa/protocol';
import { NodeAccess } from '#accounts/index.ts';
import { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { Bell } from '../bell.ts';
import { Liveness } from '../nodes/index.ts';
import { DeskStore } from './desk-store.ts';
import { DispatchStore, type LeasedJob, type MayBegin } from './dispatch-store.ts';
import { JobChoices } from './job-choice.ts';
import { JobDesk } from './job-desk.ts';
import { LeaseStore } from './lease-store.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { JobPlanner } from './planner.ts';

/** Submits and leases over a database, with orders that nobody verifies; nodes have one session each, at instance `i`. */
export class JobBench {
  readonly desk: JobDesk;
  approvalAbove: number = DEFAULT_LIMITS.approvalAbove;
  readonly #clock: { now(): number };
  readonly #dispatches: DispatchStore;
  readonly #leases: LeaseStore;

  constructor({ sql, clock, mayBegin }: { sql: Sql; clock: { now(): number }; mayBegin: MayBegin }) {
    const access = new NodeAccess({ sql });
    this.#clock = clock;
    this.#dispatches = new DispatchStore(sql, mayBegin);
    this.#leases = new LeaseStore({ sql, instance: 'i' });
    this.desk = new JobDesk({
      ...{ clock, store: new DeskStore(sql), audit: new AuditLog({ sql, clock }) },
      choices: new JobChoices({ sql, access }),
      planner: new JobPlanner({ sql, access, liveness: new Liveness({ clock }), heads: { heads: () => [] } }),
      ready: new Bell({ sql, channel: 'jobs_ready' }),
      cancels: new Bell({ sql, channel: 'jobs_cancel' }),
      orders: {
        signerOf: (sealed) => peek(orderKind, sealed).signer,
        verify: async (_viewer, { sealed }) => ({ orderId: toHex(peek(orderKind, sealed).orderId) }),
        carried: async () => new Map(),
      },
      limits: async () => ({ approvalAbove: this.approvalAbove, share: 1 }),
      onMoved: () => undefined,
    });
  }

  /** Work that changes nodes, as it is given to those that ask now, acknowledged by them. */
  async lease(nodeIds: readonly string[]): Promise<readonly LeasedJob[]> {
    const now = this.#clock.now();
    const rooms = nodeIds.map((nodeId) => ({ nodeId, epoch: 1, site: nodeId, free: 1 }));
    const terms = { now, ackUntil: now + 10_000, instance: 'i', generation: 0 };
    const jobs = await this.#dispatches.mutating(rooms, terms, 1);
    const renewals = jobs.map((job) => ({ ...job, epoch: 1, progress: undefined }));
    if (jobs.length > 0) await this.#leases.renew(renewals, now);
    return jobs;
  }
}
