import {
  decideKind,
  decideSigner,
  equalBytes,
  isKindName,
  type Job,
  type JobKind,
  type JobMessage,
  jobKind,
  type KindName,
  kindOf,
  type LocalPolicy,
  needsOrder,
  open,
  type ParamValues,
  parseLocalPolicy,
  parseParams,
  peek,
  regionTimeKind,
  toHex,
  type VerifiedOrder,
  verifyHubChain,
  verifyOrder,
  verifyRegionCert,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { AgentUser } from '#root/agent-user.ts';
import { RefusalError } from '#root/refusal.ts';
import { MOST_ORDERS, type RootState } from '#root/state.ts';
import type { PinnedNode, Trust } from '#root/trust.ts';
import type { OpenRequest } from '#root/wire.ts';

/** Root's own word on everything that a job is held against. */
export interface GateFacts {
  readonly trust: Trust;
  /** Whose socket this is: the enemy, in all that this unit does. */
  readonly agent: AgentUser;
  /** Text of the local policy; undefined where there is no file. */
  readonly policy: string | undefined;
  readonly bootId: string;
  /** Since boot. */
  readonly uptimeMs: number;
}

/** How often a step may run for one job, by kind; undefined for a step that is not of that kind. */
export type StepLimit = (kind: KindName, step: string, params: ParamValues) => number | undefined;

export interface Admitted {
  readonly job: Job;
  readonly kind: KindName;
  readonly params: ParamValues;
  readonly node: PinnedNode;
  readonly limitMs: number;
}

const DAY_MS = 86_400_000;
/** Beyond a kind's own limit: for setting right what was interrupted. */
const AFTERMATH_MS = 10 * 60_000;
/** Puts back what the last job has changed, and leaves the node running. */
export const AFTERMATH_STEPS = ['node-start', 'node-back', 'database-back', 'certificate-back'] as const;
export type AftermathStep = (typeof AFTERMATH_STEPS)[number];
/** Also after a crash or a boot: a benchmark could leave a node stopped, and snapshots fill its drive. */
const AFTERWARDS: ReadonlySet<string> = new Set([...AFTERMATH_STEPS, 'snapshot-list', 'snapshot-remove']);
/** What ends a step that runs. The last three tidy up after a job that fails, within its time only. */
export const PUTTING_BACK: ReadonlySet<string> = new Set([
  ...AFTERMATH_STEPS,
  'snapshot-remove',
  'certificate-forget',
  'database-discard',
  'seed-discard',
]);

/**
 * Judges a request as if the agent that sends it were an enemy. What it may bring: a job that a hub of the pinned region
 * signed for this node, under the order of a person where the kind needs one. Nothing else of it is believed.
 *
 * @returns what may be run, and the state that must be on disk before it is.
 * @throws RefusalError
 */
export function admit(
  request: OpenRequest,
  {
    node,
    state,
    facts,
    limitOf,
  }: { node: PinnedNode; state: RootState; facts: GateFacts; limitOf: StepLimit },
): { admitted: Admitted; next: RootState } {
  const back = putsBack(request, state);
  const job = back ? peek(jobKind, request.message.sealed) : verifiedJob(request.message, state, facts.trust);
  if (toHex(job.nodeId) !== node.nodeId)
    throw new RefusalError('root_bad_job', 'the job is for another node');
  const { kind, params } = kindAndParams(job);
  const policy = back ? undefined : allowingPolicy(facts.policy, kind);
  const fenced = fence(job, { request, state, facts, kind: kindOf(kind) });
  const ordered = policy ? withOrder(job, request.message, { state, fenced, node, facts, policy }) : fenced;
  const next = withUse(ordered, request.step, limitOf(kind, request.step, params));
  return { admitted: { job, kind, params, node, limitMs: kindOf(kind).limitMs }, next };
}

/**
 * Whether it puts back what the job that was obeyed last has changed. These very bytes were proven when that job was
 * admitted, and are not held against anything once more: a node must not stay stopped because an order, a certificate or
 * the policy has ended since.
 */
export function putsBack({ message, step }: OpenRequest, state: RootState): boolean {
  const tidies = PUTTING_BACK.has(step) || AFTERWARDS.has(step);
  return tidies && equalBytes(nodeCrypto.hash(message.sealed), state.job);
}

/**
 * The state with the time that the region's authority proves; the same object where that is no news. The root's key comes
 * with the job's chain of certificates: only the one that hashes to the pinned fingerprint counts.
 * @throws RefusalError
 */
export function withTime(request: OpenRequest, state: RootState, trust: Trust): RootState {
  const { time, message } = request;
  if (time === undefined || putsBack(request, state)) return state;
  return attempt('root_bad_job', () => {
    const { timeFloor } = state;
    const cert = { sealed: time.authority, root: message.hub.root, role: 'authority' } as const;
    const authority = verifyRegionCert(cert, { ...trust, timeFloor }, nodeCrypto);
    const said = open(regionTimeKind, time.regionTime, nodeCrypto, authority.publicKey);
    if (said.at <= timeFloor) return state;
    const minInstanceSerial = Math.max(state.minInstanceSerial, said.minInstanceSerial);
    return { ...state, timeFloor: said.at, minInstanceSerial };
  });
}

function verifiedJob({ sealed, hub }: JobMessage, state: RootState, trust: Trust): Job {
  const { timeFloor, minInstanceSerial } = state;
  return attempt('root_bad_job', () => {
    const { instance } = verifyHubChain(hub, { ...trust, timeFloor, minInstanceSerial }, nodeCrypto);
    return open(jobKind, sealed, nodeCrypto, instance.publicKey);
  });
}

function kindAndParams(job: Job): { kind: KindName; params: ParamValues } {
  const { kind } = job;
  if (!isKindName(kind) || !kindOf(kind).root)
    throw new RefusalError('root_bad_job', `${kind} has no steps for the privileged unit`);
  return { kind, params: attempt('root_bad_job', () => parseParams(kindOf(kind).parameters, job.params)) };
}

function allowingPolicy(text: string | undefined, kind: KindName): LocalPolicy {
  const policy = attempt('root_bad_policy', () => parseLocalPolicy(text ?? ''));
  const { allowed, rule } = decideKind(policy, kind);
  if (allowed) return policy;
  throw new RefusalError('root_denied', `the local policy of this host refuses ${kind}: ${rule}`);
}

/** F22: one job to a token, none with a lower one, none after its time. */
function fence(
  job: Job,
  {
    request,
    state,
    facts,
    kind,
  }: { request: OpenRequest; state: RootState; facts: GateFacts; kind: JobKind },
): RootState {
  const hash = nodeCrypto.hash(request.message.sealed);
  const same = job.fencingToken === state.token;
  if (job.fencingToken < state.token || (same && !equalBytes(hash, state.job)))
    throw new RefusalError(
      'root_old_token',
      `a job with the token ${state.token} was obeyed: ${job.fencingToken} is over`,
    );
  if (same) {
    const over =
      facts.bootId !== state.bootId || facts.uptimeMs - state.startedMs > kind.limitMs + AFTERMATH_MS;
    if (over && !AFTERWARDS.has(request.step))
      throw new RefusalError('root_over', 'the time of this job is over: a new lease is needed');
    return state;
  }
  if (job.deadline <= state.timeFloor)
    throw new RefusalError(
      'root_bad_job',
      `the job was to be started before ${new Date(job.deadline).toISOString()}`,
    );
  const { token, bootId, startedMs } = {
    token: job.fencingToken,
    bootId: facts.bootId,
    startedMs: facts.uptimeMs,
  };
  return { ...state, token, job: hash, bootId, startedMs, uses: [], marks: [] };
}

function withOrder(
  job: Job,
  { order: carried, hub }: JobMessage,
  by: {
    state: RootState;
    /** Another object than `state` at the first step under a token: an attempt that counts. */
    fenced: RootState;
    node: PinnedNode;
    facts: GateFacts;
    policy: LocalPolicy;
  },
): RootState {
  const { state, fenced, node, facts, policy } = by;
  const kind = kindOf(job.kind as KindName);
  if (!needsOrder(kind)) return fenced;
  if (carried === undefined)
    throw new RefusalError('root_bad_order', `${job.kind} needs an order, and none came`);
  const { order, by: signer } = attempt('root_bad_order', () =>
    verifyOrder(carried, job, {
      policy: {
        root: hub.root,
        region: facts.trust.region,
        timeFloor: state.timeFloor,
        ownerKey: node.ownerKey,
      },
      crypto: nodeCrypto,
    }),
  );
  const known = state.orders.find(({ orderId }) => equalBytes(orderId, order.orderId));
  if (known !== undefined && !equalBytes(known.jobId, job.jobId))
    throw new RefusalError('root_order_used', 'this order has served another job on this node');
  requireSigner({ order, by: signer }, policy, job.kind);
  if (fenced === state) return fenced;
  if (known !== undefined && job.attempt <= known.attempt)
    throw new RefusalError(
      'root_order_used',
      `attempt ${known.attempt} of this job was obeyed: ${job.attempt} does not come after it`,
    );
  const orders = state.orders.filter((one) => one !== known && one.expiresAt > state.timeFloor);
  if (orders.length >= MOST_ORDERS)
    throw new RefusalError('root_order_used', `${MOST_ORDERS} orders are remembered and none has ended`);
  const { orderId, expiresAt } = order;
  const counted = signer === 'owner' || kind.class !== 'disruptive' ? {} : countedToday(state, policy);
  const { jobId, attempt: number } = job;
  return { ...fenced, ...counted, orders: [...orders, { orderId, jobId, expiresAt, attempt: number }] };
}

/** Guarded kinds: the owner's key, or an admin's whom the owner listed on this host. */
function requireSigner(verified: VerifiedOrder, policy: LocalPolicy, kind: string): void {
  const { allowed, rule } = decideSigner(policy, kind, verified);
  if (!allowed)
    throw new RefusalError('root_bad_order', `${verified.order.signer} may not order ${kind} here: ${rule}`);
}

/** The day is that of the proven time: whoever holds it back can order less, not more. */
function countedToday(state: RootState, policy: LocalPolicy): Pick<RootState, 'day' | 'disruptive'> {
  const day = Math.floor(state.timeFloor / DAY_MS);
  const disruptive = (day === state.day ? state.disruptive : 0) + 1;
  if (disruptive > policy.disruptivePerDay)
    throw new RefusalError(
      'root_daily_cap',
      `${policy.disruptivePerDay} attempts at disruptive jobs a day are allowed here without the owner's signature`,
    );
  return { day, disruptive };
}

function withUse(state: RootState, step: string, limit: number | undefined): RootState {
  if (limit === undefined) throw new RefusalError('root_no_step', `'${step}' is no step of this job`);
  const used = state.uses.find((use) => use.step === step)?.count ?? 0;
  if (used >= limit) throw new RefusalError('root_over', `'${step}' may run ${limit} times for a job`);
  const uses = [...state.uses.filter((use) => use.step !== step), { step, count: used + 1 }];
  return { ...state, uses };
}

function attempt<T>(code: 'root_bad_job' | 'root_bad_order' | 'root_bad_policy', check: () => T): T {
  try {
    return check();
  } catch (cause) {
    throw new RefusalError(code, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
