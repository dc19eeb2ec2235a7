import {
  type CarriedOrder,
  decideKind,
  decideSigner,
  equalBytes,
  isKindName,
  type Job,
  type JobMessage,
  jobKind,
  type KindName,
  kindOf,
  type LocalPolicy,
  needsOrder,
  open,
  type ParamValues,
  ProtocolError,
  parseParams,
  toHex,
  type VerifiedOrder,
  verifyHubChain,
  verifyOrder,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { IdentityStore } from '#identity/identity-store.ts';
import type { JobHandlers } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { Journal } from '#work/journal.ts';
import type { PolicyState } from '#work/policy-file.ts';

export interface GatekeeperOptions {
  store: IdentityStore;
  journal: Journal;
  handlers: JobHandlers;
  policy: () => PolicyState;
  paused: () => boolean;
  /** The latest proven time, ms: certificates and orders are judged by it. */
  timeFloor: () => number;
  /** The hub's clock, ms; undefined until one was heard. */
  hubNow: () => number | undefined;
}

/** A job that may be run, and by whose word. */
export interface Admitted {
  readonly job: Job;
  readonly kind: KindName;
  readonly params: ParamValues;
  readonly order: VerifiedOrder | undefined;
  /** It is one of the day's that the owner did not sign. */
  readonly counted: boolean;
}

/**
 * Whether a job may be run on this node. A hub that is taken over can send what it likes: from `disruptive` on, what
 * counts is the signature of a person; and over that stands the local policy, where deny wins.
 */
export class Gatekeeper {
  readonly #options: GatekeeperOptions;

  constructor(options: GatekeeperOptions) {
    this.#options = options;
  }

  /** Signed by an instance of this region, for this node. @throws JobError */
  authenticate({ sealed, hub }: JobMessage): Job {
    const { store, timeFloor } = this.#options;
    const { identity, floors, nodeId } = store;
    const { root } = identity.credential;
    const job = asRefusal(() => {
      const { instance } = verifyHubChain(
        hub,
        {
          rootFingerprint: nodeCrypto.hash(root),
          region: identity.region,
          timeFloor: timeFloor(),
          minInstanceSerial: floors.minInstanceSerial,
        },
        nodeCrypto,
      );
      return open(jobKind, sealed, nodeCrypto, instance.publicKey);
    });
    if (!equalBytes(job.nodeId, nodeId))
      throw new JobError('wrong_node', `the job is for node ${toHex(job.nodeId)}`);
    return job;
  }

  /** @throws JobError whose code says why not. */
  admit(job: Job, carried: CarriedOrder | undefined): Admitted {
    const { handlers, hubNow, timeFloor, paused } = this.#options;
    if (!isKindName(job.kind)) throw new JobError('kind_unknown', `this agent knows no kind '${job.kind}'`);
    const kind = job.kind;
    const spec = kindOf(kind);
    if (job.deadline <= Math.max(timeFloor(), hubNow() ?? 0))
      throw new JobError('deadline_passed', `it was to begin before ${new Date(job.deadline).toISOString()}`);
    if (paused()) throw new JobError('paused', 'this node takes no work: its host has paused it');
    if (handlers[kind] === undefined)
      throw new JobError('kind_unsupported', `this agent can't do ${kind} on this host`);
    const params = asRefusal(() => parseParams(spec.parameters, job.params));
    const policy = this.#allowed(kind);
    const order = needsOrder(spec) ? this.#ordered(job, carried) : undefined;
    if (order !== undefined) this.#requireKey(kind, order, policy);
    const counted = spec.class === 'disruptive' && order?.by === 'admin';
    if (counted) this.#requireRoom(policy);
    return { job, kind, params, order, counted };
  }

  #allowed(kind: KindName): LocalPolicy {
    const { policy, fault } = this.#options.policy();
    if (policy === undefined)
      throw new JobError('policy_damaged', `nothing is allowed until the local policy can be read: ${fault}`);
    const { allowed, rule } = decideKind(policy, kind);
    if (!allowed) throw new JobError('policy_denies', `the local policy denies ${kind}: ${rule}`);
    return policy;
  }

  #ordered(job: Job, carried: CarriedOrder | undefined): VerifiedOrder {
    const { store, timeFloor, journal } = this.#options;
    if (carried === undefined)
      throw new JobError('order_missing', `${job.kind} takes an order that a person has signed`);
    const verified = asRefusal(() =>
      verifyOrder(carried, job, {
        policy: {
          root: store.identity.credential.root,
          region: store.identity.region,
          timeFloor: timeFloor(),
          ownerKey: store.ownerKey?.key,
        },
        crypto: nodeCrypto,
      }),
    );
    const { orderId } = verified.order;
    const used = journal.orders.refusal({ orderId, jobId: job.jobId, attempt: job.attempt });
    if (used !== undefined) throw new JobError('order_used', used);
    return verified;
  }

  /** Guarded kinds bring code or data: the owner's key, or an admin's whom the owner named on this host. */
  #requireKey(kind: KindName, verified: VerifiedOrder, policy: LocalPolicy): void {
    const { allowed, rule } = decideSigner(policy, kind, verified);
    if (!allowed) throw new JobError('order_not_owners', `${kind} takes the owner's signature: ${rule}`);
  }

  #requireRoom({ disruptivePerDay }: LocalPolicy): void {
    const { journal, timeFloor } = this.#options;
    if (journal.orders.countedWithinDay(timeFloor()) < disruptivePerDay) return;
    throw new JobError(
      'too_many_today',
      `the local policy takes ${disruptivePerDay} disruptive jobs a day without the owner's signature`,
    );
  }
}

/** What breaks the protocol in a job is the job's fault, not the session's. */
function asRefusal<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof ProtocolError) throw new JobError(error.code, error.message, error);
    throw error;
  }
}
