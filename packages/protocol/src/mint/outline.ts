import { digestOf } from './register.ts';

/** A plan without its deltas, which stand in it by their digests: enough to recompute every digest and the hash. */
export interface PlanOutline {
  readonly epoch: number;
  readonly cutId: string;
  readonly points: number;
  readonly chains: readonly ChainOutline[];
}

export interface ChainOutline {
  readonly chain: number;
  readonly slots: number;
  readonly cap: number;
  readonly bounds: readonly number[];
  readonly batches: readonly { readonly sum: number; readonly digest: string }[];
}

/** Of one chain's plan: what `open-epoch` takes. */
export function chainDigest(
  { epoch, cutId }: Pick<PlanOutline, 'epoch' | 'cutId'>,
  { chain, slots, cap, bounds, batches }: ChainOutline,
): string {
  const content = batches.map(({ sum, digest }) => [sum, digest]);
  return digestOf(JSON.stringify({ epoch, cutId, chain, slots, cap, bounds, batches: content }));
}

/** What approvers sign, of a plan or its outline. */
export function planHash(plan: PlanOutline): string {
  return digestOf(canonicalPlan(plan));
}

/** What the plan's hash is of. Deltas are in it by their digests, within those of the chains; gas is not: it pays nobody. */
export function canonicalPlan(plan: PlanOutline): string {
  const { epoch, cutId, points } = plan;
  const chains = plan.chains.map((chain) => [chain.chain, chainDigest(plan, chain)]);
  return JSON.stringify({ epoch, cutId, points, chains });
}
