import { type SigningKey, seal, toHex } from '@stoa/protocol';
import {
  ACCOUNT_CAP,
  BUCKET,
  type EpochPlan,
  MINT_CHAINS,
  type MintLimits,
  type PlanOutline,
  parseDeltas,
  planEpoch,
} from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Approver, contractOf, type MintConfig, planApprovalKind } from '@stoa/signer';

const APPROVERS = { robot: 'program', ann: 'person', ben: 'person' } as const;
const KEYS: ReadonlyMap<string, SigningKey> = new Map(
  Object.keys(APPROVERS).map((name, i) => [name, nodeCrypto.signingKey(new Uint8Array(32).fill(200 + i))]),
);
/** Of the region, active: enough for all that a schedule lets accounts earn. */
const NODES = 100_000;

export const approvers: readonly Approver[] = Object.entries(APPROVERS).map(([name, role]) => ({
  ...{ name, role },
  publicKey: toHex(KEYS.get(name)!.publicKey),
}));

/** What an approver knows by itself: whole points that each account still has to get, by its place. */
export type Evidence = readonly (readonly { readonly account: string; readonly points: number }[])[];

/**
 * An approver on a host of its own: it recomputes the plan from what it knows, and signs that hash alone.
 * @returns the approvals, or for a plan that the evidence does not give, which account differs, and by how much.
 */
export function approve(
  asked: PlanOutline & Pick<EpochPlan, 'chains' | 'hash'>,
  evidence: Evidence,
  { config, limits, now }: { config: MintConfig; limits: MintLimits; now: number },
): { approvals: Uint8Array[]; plan: EpochPlan } | { refusal: string } {
  const chains = Array.from({ length: MINT_CHAINS }, (_, chain) => {
    const slots = asked.chains[chain]!.slots;
    const points = (evidence[chain] ?? []).slice(0, slots).map((each) => Math.min(each.points, ACCOUNT_CAP));
    return { chain, slots, points };
  });
  const plan = planEpoch({ epoch: asked.epoch, cutId: asked.cutId, chains }, limits);
  if (plan.hash !== asked.hash) return { refusal: differences(asked, plan, evidence) };
  const { networkId } = config;
  const { epoch, hash, points } = plan;
  const regions = [{ region: 'test', nodes: NODES, points }];
  const body = { networkId, contract: contractOf(config), at: now, epoch, hash, points, regions };
  return {
    plan,
    approvals: [...KEYS].map(([approver, key]) => seal(planApprovalKind, { ...body, approver }, key)),
  };
}

function differences(asked: Pick<EpochPlan, 'chains'>, own: EpochPlan, evidence: Evidence): string {
  const words = own.chains.flatMap((chain, i) => {
    const [said, known] = [pointsOf(asked.chains[i]!), pointsOf(chain)];
    const all = Array.from({ length: chain.slots }, (_, slot) => slot);
    return all
      .filter((slot) => (said[slot] ?? 0) !== (known[slot] ?? 0))
      .map(
        (slot) =>
          `${evidence[i]?.[slot]?.account}: ${said[slot] ?? 0} points are planned, ${known[slot] ?? 0} are earned`,
      );
  });
  return words.join('; ');
}

function pointsOf({ batches }: Pick<EpochPlan['chains'][number], 'batches'>): number[] {
  return batches.flatMap(({ deltas }) =>
    parseDeltas(deltas).flatMap((bucket) => Array.from({ length: BUCKET }, (_, i) => bucket[i] ?? 0)),
  );
}
