import { type PlanApproval, planApprovalKind, type RegionShare, unapproved } from '#mint/approval.ts';
import type { MintConfig } from '#mint/config.ts';
import { type Alike, alike, uncountedText } from '#mint/counting.ts';

/** Approvers of one plan who say the same of its regions. */
export interface PlanApprovers extends Pick<Alike<PlanApproval>, 'names' | 'people'> {
  readonly regions: readonly RegionShare[];
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
 * Counts who approved a plan. Of several groups that are enough, that with the most people.
 * @throws SignerError `mint_plan_unapproved` where no group reaches the threshold, with why each other one was not counted.
 */
export function countApprovals(
  sealed: readonly Uint8Array[],
  { epoch, hash, points }: Brought,
  config: MintConfig,
): PlanApprovers {
  const { groups, uncounted } = alike(planApprovalKind, sealed, {
    config,
    textOf: ({ regions }) => JSON.stringify(regions),
    besides: ({ approver, body }) =>
      body.hash === hash && body.epoch === epoch && body.points === points
        ? undefined
        : `'${approver.name}' approved plan ${body.hash} of epoch ${body.epoch} with ${body.points} points, brought is ${hash} of ${epoch} with ${points}`,
  });
  const isEnough = ({ names }: Pick<PlanApprovers, 'names'>) => names.length >= config.threshold;
  const [most, ...others] = groups
    .map(({ body: { regions }, names, people }) => ({ regions, names, people }))
    .toSorted(
      (a, b) =>
        Number(isEnough(b)) - Number(isEnough(a)) || b.people - a.people || b.names.length - a.names.length,
    );
  for (const { names, regions } of others)
    uncounted.push(
      `${names.join(', ')} disagree about the regions: ${JSON.stringify(regions)}, not ${JSON.stringify(most?.regions)}`,
    );
  if (most === undefined || !isEnough(most))
    throw unapproved(
      `plan ${hash} of epoch ${epoch} has ${most?.names.length ?? 0} approvals (${most?.names.join(', ') ?? 'none'}): ${config.threshold} are needed${uncountedText(uncounted)}`,
    );
  return { ...most, uncounted };
}
