import type { Course, GateCheck } from './plan/index.ts';

/** One ring, as the last step counted it. */
export interface RingProgress {
  readonly ring: number;
  readonly nodes: number;
  readonly waiting: number;
  readonly flying: number;
  readonly deferred: number;
  readonly confirmed: number;
  readonly failed: number;
  /** Refused, given up, or current before anybody asked. */
  readonly others: number;
}

/** What a step saw and judged: what the pages show. */
export interface RolloutEvidence {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly checks: readonly GateCheck[];
  readonly rings: readonly RingProgress[];
  readonly setAside: readonly string[];
  readonly failing: readonly { readonly owner: string; readonly failed: number; readonly nodes: number }[];
  /** What would have halted a release that mends a security fault. */
  readonly warning?: string;
  /** Nothing is judged: too much of the fleet is silent at once, so it is the hub that does not hear. */
  readonly deaf: boolean;
  readonly perMinute: number;
}

/** A part of a release of the agent, which nodes fetch and verify by themselves. */
export interface ReleaseCargo {
  readonly kind: 'payload' | 'runtime';
  readonly targetsVersion: number;
  readonly platforms: readonly string[];
  /** Nodes on a newer version take it too: a root has signed the way down. */
  readonly downgrade: boolean;
}

/** Another version of chainweb-node: one job a node, under one order that a person signed for all of them. */
export interface ChainwebCargo {
  readonly kind: 'chainweb';
  readonly batchId: string;
  /** Of stoachain-upgrade, as the order has it: canonical text. */
  readonly params: string;
  /** Undefined where it is no longer kept. */
  readonly order: RolloutOrder | undefined;
  /** Nothing is handed out before a second admin has approved it. */
  readonly awaitsApproval: boolean;
}

export interface RolloutOrder {
  readonly sealed: Uint8Array;
  /** E-mail of whose key signed it. */
  readonly signedBy: string;
  /** Nodes take nothing under it from then on, ms. */
  readonly expiresAt: number;
}

export type Cargo = ReleaseCargo | ChainwebCargo;
export type ReleaseKind = ReleaseCargo['kind'];
export type CargoKind = Cargo['kind'];

export interface Rollout<C extends Cargo = Cargo> {
  readonly rolloutId: string;
  readonly cargo: C;
  /** That nodes run once it is done. */
  readonly version: string;
  readonly security: boolean;
  readonly course: Course;
  readonly revision: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly lifted: readonly string[];
  readonly evidence: RolloutEvidence | undefined;
}

export function isUpgrade(rollout: Rollout): rollout is Rollout<ChainwebCargo> {
  return rollout.cargo.kind === 'chainweb';
}
