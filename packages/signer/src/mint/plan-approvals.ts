import { SignerError } from '#error.ts';
import {
  type Approved,
  openApproval,
  type PlanApproval,
  planApprovalKind,
  type RegionShare,
  unapproved,
} from '#mint/approval.ts';
import type { MintConfig } from '#mint/config.ts';

/** Approvers of one plan who say the same of its regions. */
export interface PlanApprovers {
  readonly regions: readonly RegionShare[];
  /** Each once. */
  readonly names: readonly string[];
  /** How many of them are persons. */
  readonly people: number;
  /** Why each other approval was not counted. */
  readonly uncounted: readonly string[];
}

/** What an approval has to be of. */
export interface Brought {
  readonly epoch: number;
  readonly hash: string;
  readonly points: number;
}

/**
 * Counts who approved a plan. An approval that does not open, or is of another plan, says nothing about this one: whoever can
 * bring one must not be able to stop it. Of several groups that are enough, that with the most people.
 * @throws SignerError `mint_plan_unapproved` where no group reaches the threshold, with why each other one was not counted.
 */
export function countApprovals(
  sealed: readonly Uint8Array[],
  plan: Brought,
  config: MintConfig,
): PlanApprovers {
  const uncounted: string[] = [];
  const groups = new Map<string, Approved<PlanApproval>[]>();
  for (const one of sealed) {
    const approved = openFor(plan, one, config);
    if (typeof approved === 'string') uncounted.push(approved);
    else {
      const regions = JSON.stringify(approved.body.regions);
      groups.set(regions, [...(groups.get(regions) ?? []), approved]);
    }
  }
  const ranked = [...groups.values()]
    .map(groupOf)
    .toSorted(
      (a, b) =>
        Number(b.names.length >= config.threshold) - Number(a.names.length >= config.threshold) ||
        b.people - a.people ||
        b.names.length - a.names.length,
    );
  const [most = { regions: [], names: [], people: 0 }, ...others] = ranked;
  for (const { names, regions } of others)
    uncounted.push(
      `${names.join(', ')} disagree about the regions: ${JSON.stringify(regions)}, not ${JSON.stringify(most.regions)}`,
    );
  if (most.names.length < config.threshold)
    throw unapproved(
      `plan ${plan.hash} of epoch ${plan.epoch} has ${most.names.length} approvals (${most.names.join(', ') || 'none'}): ${config.threshold} are needed${uncountedText(uncounted)}`,
    );
  return { ...most, uncounted };
}

export function uncountedText(uncounted: readonly string[]): string {
  return uncounted.length === 0 ? '' : `; not counted: ${uncounted.join('; ')}`;
}

/** @returns why it does not count, where it doesn't. */
function openFor(
  { epoch, hash, points }: Brought,
  sealed: Uint8Array,
  config: MintConfig,
): Approved<PlanApproval> | string {
  try {
    const approved = openApproval(planApprovalKind, sealed, config);
    const { approver, body } = approved;
    if (body.hash === hash && body.epoch === epoch && body.points === points) return approved;
    return `'${approver.name}' approved plan ${body.hash} of epoch ${body.epoch} with ${body.points} points, brought is ${hash} of ${epoch} with ${points}`;
  } catch (error) {
    if (error instanceof SignerError && error.code === 'mint_plan_unapproved') return error.message;
    throw error;
  }
}

function groupOf(approved: readonly Approved<PlanApproval>[]): Omit<PlanApprovers, 'uncounted'> {
  const roles = new Map(approved.map(({ approver }) => [approver.name, approver.role]));
  return {
    regions: approved[0]?.body.regions ?? [],
    names: [...roles.keys()],
    people: [...roles.values()].filter((role) => role === 'person').length,
  };
}
