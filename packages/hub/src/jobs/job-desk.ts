import { randomUUID } from 'node:crypto';
import { formatParams, type KindName, kindOf, type ParamValues, ProtocolError } from '@stoa/protocol';
import { requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { Bell } from '../bell.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import { printSelector, type Selector } from '../selector/index.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import { attemptsAt } from './attempts.ts';
import type { BatchOrder, DeskStore, NewBatch } from './desk-store.ts';
import type { JobChoice, JobChoices } from './job-choice.ts';
import type { WorkLimits } from './limits.ts';
import type { OrderSource } from './order-source.ts';
import type { JobPlan, JobPlanner } from './planner.ts';
import { MAX_ATTEMPTS } from './state.ts';
import { toldParams } from './told-params.ts';

export interface JobRequest {
  readonly kind: KindName;
  readonly params: ParamValues;
  readonly selector: Selector;
  /** E-mail of whose key is to sign; undefined where that is not known before there is an order. */
  readonly signer?: string | undefined;
}

export interface JobSubmit extends JobRequest {
  /** Nodes that somebody was shown and agreed to: it must be exactly these many. Undefined where nobody was asked. */
  readonly expected?: number | undefined;
  /** Of the client's making: the same submit sent twice is one. */
  readonly batchId?: string;
  /** Milliseconds since 1970; default now. */
  readonly scheduledAt?: number;
  /** `orderKind`, sealed by whose key it takes. */
  readonly order?: Uint8Array;
  /** Whose turn it is, where no person submits it. */
  readonly scheduleId?: string;
}

export interface Submitted {
  readonly batchId: string;
  readonly submitted: number;
  /** Nothing begins before somebody else approves it. */
  readonly needsApproval: boolean;
}

/** A batch under an order, whose jobs come later. */
export interface StagedBatch {
  readonly batchId: string;
  /** Canonical text. */
  readonly params: string;
  readonly selector: string;
  readonly order: BatchOrder;
  /** All that the order names, ascending. */
  readonly nodeIds: readonly string[];
  readonly needsApproval: boolean;
}

export interface JobDeskDeps {
  readonly store: DeskStore;
  readonly planner: JobPlanner;
  readonly choices: JobChoices;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  readonly orders: OrderSource;
  readonly limits: () => Promise<WorkLimits>;
  readonly ready: Bell;
  readonly cancels: Bell;
  readonly clock: Pick<Clock, 'now'>;
  readonly onMoved: (jobIds: readonly string[]) => void;
}

/** What people do with jobs: each act is checked, done and audited in one transaction. */
export class JobDesk {
  readonly #deps: JobDeskDeps;

  constructor(deps: JobDeskDeps) {
    this.#deps = deps;
  }

  /** What a submit would do. @throws {HttpError} `bad_params`. */
  async plan(viewer: Viewer, request: JobRequest): Promise<JobPlan & { readonly params: string }> {
    const params = canonical(request);
    const { approvalAbove } = await this.#deps.limits();
    return { ...(await this.#deps.planner.plan(viewer, request, approvalAbove)), params };
  }

  /** Nodes that it would go to, ascending: what an order names. */
  nodeIds(viewer: Viewer, request: JobRequest): Promise<readonly string[]> {
    return this.#deps.planner.nodeIds(viewer, request);
  }

  /**
   * One job a node. Idempotent by `batchId`.
   * @throws {HttpError} `bad_params`, `radius_changed`, `order_needed`, `bad_order`, `order_used`, `confirm_first`, `nothing_to_do`.
   */
  async submit(viewer: Viewer, request: JobSubmit): Promise<Submitted> {
    const { store, audit, ready } = this.#deps;
    const batchId = request.batchId ?? randomUUID();
    const before = await store.batch(batchId);
    if (before !== undefined) return this.#again(viewer, batchId);
    const { batch, nodeIds } = await this.#prepare(viewer, { ...request, batchId });
    const { needsApproval, order, params, selector } = batch;
    const fresh = await store.begin(async (tx) => {
      if (!(await store.insert(tx, batch, nodeIds))) return false;
      await audit.appendIn(tx, {
        actor: viewer.email,
        act: 'job.submit',
        subject: nodeIds.length === 1 ? nodeIds[0]! : batchId,
        detail: {
          ...{ batch: batchId, kind: request.kind, params: toldParams(params), selector },
          ...{ nodes: nodeIds.length, needsApproval },
          ...(order && { order: order.orderId, signedBy: order.signedBy }),
          ...(request.scheduleId !== undefined && { schedule: request.scheduleId }),
        },
        ...(batch.class === 'read' && { retention: '30d' as const }),
      });
      if (!needsApproval && batch.scheduledAt <= batch.now) await ready.ring(tx, nodeIds);
      return true;
    });
    if (!fresh) return this.#again(viewer, batchId);
    return { batchId, submitted: nodeIds.length, needsApproval };
  }

  /**
   * The batch and its order alone: its jobs are given out later, some at a time (`StagedJobs`).
   * @param within in the same transaction; audits it.
   * @throws {HttpError} as `submit`.
   */
  async stage(
    viewer: Viewer,
    request: JobRequest & { readonly expected: number; readonly order: Uint8Array },
    within: (tx: TransactionSql, staged: StagedBatch) => Promise<void>,
  ): Promise<void> {
    const { store } = this.#deps;
    const { batch, nodeIds } = await this.#prepare(viewer, { ...request, batchId: randomUUID() });
    const { batchId, params, selector, order, needsApproval } = batch;
    await store.begin(async (tx) => {
      // Its id is new: what stands in the way is that the order has a batch.
      if (!(await store.insert(tx, { ...batch, nodes: nodeIds.length }, [])))
        await this.#again(viewer, batchId);
      await within(tx, { batchId, params, selector, order: order!, nodeIds, needsApproval });
    });
  }

  /** What is written, once all that a submit takes was asked. */
  async #prepare(
    viewer: Viewer,
    request: JobSubmit & { readonly batchId: string },
  ): Promise<{ batch: NewBatch; nodeIds: readonly string[] }> {
    const { planner, orders, limits, clock } = this.#deps;
    const now = clock.now();
    const kind = kindOf(request.kind);
    const params = canonical(request);
    if (kind.class !== 'read') requireFresh(viewer, now);
    // Whoever brings an order, it is its signer's word that nodes take or not.
    const signer = request.order === undefined ? request.signer : orders.signerOf(request.order);
    const nodeIds = await planner.nodeIds(viewer, { ...request, signer });
    requireRadius(nodeIds.length, request.expected);
    const order = await this.#orderOf(viewer, request, { params, nodeIds, orders });
    const { approvalAbove } = await limits();
    const batch: NewBatch = {
      ...{ batchId: request.batchId, run: 'agent', kind: request.kind, class: kind.class },
      ...{ idempotent: kind.idempotent, maxAttempts: attemptsAt(kind), params, order },
      ...{
        selector: printSelector(request.selector),
        createdBy: viewer.email,
        scheduleId: request.scheduleId,
      },
      needsApproval: kind.class !== 'read' && nodeIds.length > approvalAbove,
      ...{ now, scheduledAt: Math.max(now, request.scheduledAt ?? now) },
    };
    return { batch, nodeIds };
  }

  /**
   * The second word, by an admin who neither submitted it nor signed its order.
   * @throws {HttpError} `confirm_first`, `not_found`.
   */
  async approve(viewer: Viewer, batchId: string): Promise<number> {
    const { store, audit, ready, clock } = this.#deps;
    if (!isAtLeast(viewer, 'ancient')) throw notFound(`Batch ${batchId}`);
    const now = clock.now();
    requireFresh(viewer, now);
    return store.begin(async (tx) => {
      const nodeIds = await store.approve(tx, batchId, { approver: viewer.email, now });
      if (nodeIds === undefined)
        throw new HttpError(409, 'not_to_approve', 'This batch does not wait for your approval.', {
          fix: 'Whoever submitted it or signed its order can not approve it; it may have been approved already.',
        });
      const detail = { batch: batchId, nodes: nodeIds.length };
      await audit.appendIn(tx, { actor: viewer.email, act: 'job.approve', subject: batchId, detail });
      await ready.ring(tx, nodeIds);
      return nodeIds.length;
    });
  }

  /** Wants jobs ended; those of nodes that the viewer may not work on are left alone. Returns how many. */
  async cancel(viewer: Viewer, which: JobChoice): Promise<number> {
    const { store, choices, audit, cancels, clock, onMoved } = this.#deps;
    const jobIds = await store.begin(async (tx) => {
      const by = { reason: `cancelled by ${viewer.email}`, now: clock.now() };
      const { jobIds: wanted, running } = await store.cancel(tx, choices.toCancel(viewer, which), by);
      if (wanted.length > 0) await audit.appendIn(tx, actOn('job.cancel', viewer, which, wanted.length));
      await cancels.ring(tx, running);
      return wanted;
    });
    onMoved(jobIds);
    return jobIds.length;
  }

  /**
   * Queues anew what failed, was cancelled or is dead. What ran under an order takes a new one: submit it again. Over SSH
   * it is root's work once more: for a person who is there, never for a key.
   * @throws {HttpError} `confirm_first`.
   */
  async retry(viewer: Viewer, which: JobChoice): Promise<number> {
    const { store, choices, audit, ready, clock } = this.#deps;
    const now = clock.now();
    return store.begin(async (tx) => {
      const by = { now, attempts: MAX_ATTEMPTS };
      const retried = await store.retry(tx, choices.toRetry(viewer, which), by);
      if (retried.some(({ run }) => run === 'ssh')) requireFresh(viewer, now);
      if (retried.length > 0) await audit.appendIn(tx, actOn('job.retry', viewer, which, retried.length));
      await ready.ring(tx, [...new Set(retried.map(({ nodeId }) => nodeId))]);
      return retried.length;
    });
  }

  async #again(viewer: Viewer, batchId: string): Promise<Submitted> {
    const batch = await this.#deps.store.batch(batchId);
    if (batch === undefined)
      throw new HttpError(409, 'order_used', 'This order has been submitted already.', {
        fix: 'An order is good for one submit: sign a new one.',
      });
    if (batch.createdBy !== viewer.email)
      throw new HttpError(409, 'batch_taken', `The batch ${batchId} is somebody else's.`, {
        fix: 'Send a batch id of your own, or none.',
      });
    return { batchId, submitted: batch.nodes, needsApproval: batch.needsApproval };
  }

  async #orderOf(
    viewer: Viewer,
    { kind: name, order: sealed }: JobSubmit,
    by: { params: string; nodeIds: readonly string[]; orders: OrderSource },
  ): Promise<BatchOrder | undefined> {
    const kind = kindOf(name);
    if (kind.class === 'read') return undefined;
    if (sealed === undefined)
      throw new HttpError(
        400,
        'order_needed',
        `${name} changes nodes: it takes an order signed by ${kind.class === 'code' ? "the owner's key" : "the owner's or an admin's key"}.`,
        { fix: 'Sign what the plan shows, and send the order with it.' },
      );
    const { params, nodeIds } = by;
    const submitted = { kind: name, params, nodeIds, maxAttempts: attemptsAt(kind), sealed };
    const { orderId } = await by.orders.verify(viewer, submitted);
    return { orderId, sealed, signedBy: by.orders.signerOf(sealed) };
  }
}

function canonical({ kind, params }: JobRequest): string {
  try {
    return formatParams(kindOf(kind).parameters, params);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new HttpError(400, 'bad_params', `${kind}: ${cause.message}.`, {
      fix: `See what ${kind} takes: stoa-hub job kinds ${kind}`,
      cause,
    });
  }
}

function requireRadius(nodes: number, expected: number | undefined): void {
  if (expected !== undefined && nodes !== expected)
    throw new HttpError(409, 'radius_changed', `It would go to ${nodes} nodes by now, not ${expected}.`, {
      fix: 'Look at it again, then confirm what you see.',
    });
  if (nodes === 0)
    throw new HttpError(409, 'nothing_to_do', 'No node would get this job.', {
      fix: 'The plan says why each node is left out.',
    });
}

function actOn(act: string, viewer: Viewer, which: JobChoice, jobs: number) {
  const subject = 'batchId' in which ? which.batchId : jobs === 1 ? which.jobIds[0]! : '';
  return { actor: viewer.email, act, subject, detail: { jobs } };
}
