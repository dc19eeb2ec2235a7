import { createHash, randomUUID } from 'node:crypto';
import { kindOf, LIMITS, type ParamValues } from '@stoa/protocol';
import { AuditLog } from '#audit/index.ts';
import { attemptsAt, type JobDesk, type JobPlan, type JobRequest, toldParams } from '#jobs/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import { isVersion, loadRequiredChainweb, type RequiredChainweb } from '../nodes/index.ts';
import type { Orders } from '../orders/index.ts';
import type { Selector } from '../selector/index.ts';
import type { Viewer } from '../viewer.ts';
import { requireAdmin, rolloutOpen } from './desk.ts';
import { begun } from './plan/index.ts';
import { RingStore } from './ring-store.ts';
import type { Rollout } from './rollout.ts';
import { RolloutStore } from './rollout-store.ts';

const KIND = 'stoachain-upgrade';

export interface UpgradeRequest {
  /** Of chainweb-node, that nodes are to report: older ones are asked. */
  readonly version: string;
  /** Of stoachain-upgrade. */
  readonly params: ParamValues;
  readonly selector: Selector;
  /** E-mail of whose key is to sign. */
  readonly signer?: string | undefined;
  /** `orderKind`, sealed; undefined until it is signed. */
  readonly order?: Uint8Array | undefined;
}

/** What a rollout of chainweb-node would touch. */
export interface UpgradePlan {
  readonly version: string;
  readonly jobs: JobPlan & { readonly params: string };
  /** By the hash of the signed order; until there is one their sizes are about these. */
  readonly rings: readonly { readonly ring: number; readonly nodes: number; readonly owners: number }[];
}

export interface UpgradeDeskDeps {
  readonly sql: Sql;
  readonly jobs: Pick<JobDesk, 'plan' | 'nodeIds' | 'stage' | 'approve'>;
  readonly orders: Pick<Orders, 'draft' | 'show' | 'signerOf'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly onMoved?: (rolloutId: string) => void;
}

/**
 * Begins rollouts of chainweb-node. All nodes that one may ever reach are named by one order, which a person signed before
 * it began: the hub chooses when each is asked, and nothing else.
 */
export class UpgradeDesk {
  readonly #deps: UpgradeDeskDeps;
  readonly #rollouts: RolloutStore;
  readonly #rings: RingStore;
  readonly #audit: AuditLog;

  constructor(deps: UpgradeDeskDeps) {
    this.#deps = deps;
    this.#rollouts = new RolloutStore(deps.sql);
    this.#rings = new RingStore(deps.sql);
    this.#audit = new AuditLog(deps);
  }

  /** @throws {HttpError} `bad_version`, `bad_params`. */
  async plan(viewer: Viewer, request: UpgradeRequest): Promise<UpgradePlan> {
    requireAdmin(viewer);
    requireVersion(request.version);
    const asked = this.#asked(request);
    const [jobs, nodeIds] = await Promise.all([
      this.#deps.jobs.plan(viewer, asked),
      this.#deps.jobs.nodeIds(viewer, asked),
    ]);
    const seed = sha256(request.order ?? Buffer.from(jobs.params));
    const rings =
      nodeIds.length === 0 ? [] : await this.#rings.preview({ seed, before: undefined, among: nodeIds });
    return { version: request.version, jobs, rings };
  }

  /**
   * What is to be signed: good for as long as nodes take an order, since the rings take more than a day.
   * @returns the order's id. @throws {HttpError} as `plan`, and as `Orders.draft`.
   */
  async draft(viewer: Viewer, request: UpgradeRequest): Promise<string> {
    requireAdmin(viewer);
    requireVersion(request.version);
    const { jobs, orders } = this.#deps;
    const asked = this.#asked(request);
    const { params } = await jobs.plan(viewer, asked);
    const nodeIds = await jobs.nodeIds(viewer, asked);
    const maxAttempts = attemptsAt(kindOf(KIND));
    return orders.draft(viewer, { kind: KIND, params, nodeIds, maxAttempts, lifeMs: LIMITS.orderMs });
  }

  /**
   * @param request.expected nodes of the plan that was shown.
   * @throws {HttpError} also `rollout_open`, and as `JobDesk.submit`.
   */
  async create(
    viewer: Viewer,
    request: UpgradeRequest & { readonly order: Uint8Array; readonly expected: number },
  ): Promise<Rollout> {
    requireAdmin(viewer);
    requireVersion(request.version);
    const { jobs, clock, onMoved = () => undefined } = this.#deps;
    const { version, order, expected } = request;
    const now = clock.now();
    const rolloutId = randomUUID();
    const seed = sha256(order);
    await jobs.stage(viewer, { ...this.#asked(request), order, expected }, async (tx, staged) => {
      const { batchId, nodeIds, params, selector, needsApproval } = staged;
      const made = await this.#rollouts.create(tx, {
        ...{ rolloutId, version, security: false, seed, cargo: { kind: 'chainweb', batchId } },
        ...{ course: begun(now), createdBy: viewer.email, createdAt: now },
      });
      if (!made) throw rolloutOpen('chainweb');
      await this.#rings.draw(tx, rolloutId, { seed, before: undefined, among: nodeIds });
      const { orderId, signedBy } = staged.order;
      const detail = {
        ...{ kind: 'chainweb', version, params: toldParams(params), selector, nodes: nodeIds.length },
        ...{ batch: batchId, order: orderId, signedBy, needsApproval },
      };
      await this.#audit.appendIn(tx, {
        ...{ actor: viewer.email, act: 'rollout.create', subject: rolloutId, detail },
      });
    });
    onMoved(rolloutId);
    return this.#find(rolloutId);
  }

  /** The order with its signature; undefined until it is signed. @throws {HttpError} `not_found`: it is another's. */
  async signed(viewer: Viewer, orderId: string): Promise<Uint8Array | undefined> {
    return (await this.#deps.orders.show(viewer, orderId)).sealed;
  }

  /** What the region requires by a date. */
  required(): Promise<RequiredChainweb | undefined> {
    return loadRequiredChainweb(this.#deps.sql);
  }

  /** The second word, where so many nodes take one. @throws {HttpError} as `JobDesk.approve`. */
  async approve(viewer: Viewer, rolloutId: string): Promise<void> {
    requireAdmin(viewer);
    const { jobs, onMoved = () => undefined } = this.#deps;
    const { cargo } = await this.#find(rolloutId);
    if (cargo.kind !== 'chainweb') throw notFound('This act');
    await jobs.approve(viewer, cargo.batchId);
    onMoved(rolloutId);
  }

  #asked({ params, selector, signer, order }: UpgradeRequest): JobRequest {
    const by = order === undefined ? signer : this.#deps.orders.signerOf(order);
    return { kind: KIND, params, selector, signer: by };
  }

  async #find(rolloutId: string): Promise<Rollout> {
    const rollout = await this.#rollouts.find(rolloutId);
    if (rollout === undefined) throw notFound('This rollout');
    return rollout;
  }
}

function requireVersion(version: string): void {
  if (!isVersion(version))
    throw new HttpError(400, 'bad_version', `'${version.slice(0, 40)}' is no version.`, {
      fix: 'Give the version that the new chainweb-node reports, like 2.27.1.',
    });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
