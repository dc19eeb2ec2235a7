import {
  bucketsOf,
  EPOCH_CAP,
  epochOf,
  MINT_CHAINS,
  type PlanOutline,
  planHash,
  WINDOW,
} from '@stoa/protocol/mint';
import { enrolmentApprovalKind } from '#mint/approval.ts';
import type { MintDecision } from '#mint/command.ts';
import { requirePersons, uncountedText } from '#mint/counting.ts';
import { outliersOf } from '#mint/outliers.ts';
import { countApprovals } from '#mint/plan-approvals.ts';
import { requireRegionCaps } from '#mint/region-caps.ts';
import { type MintOffice, refuse, refuseUnless } from '#mint/rules/rule.ts';

export interface PlanRequest {
  readonly plan: PlanOutline;
  /** `planApprovalKind`, sealed; those that are not of this plan don't count, and do no harm. */
  readonly approvals: readonly Uint8Array[];
}

/**
 * Takes the plan of an epoch, on the word of its approvers: the one plan that the epoch will ever have. The same again changes
 * nothing, or adds the people who approved it since.
 * @throws SignerError `mint_killed`, `mint_bad_act`, `mint_epoch_closed`, `mint_plan_conflict`, `mint_plan_unapproved`,
 * `mint_epoch_cap`, `mint_region_cap`, `mint_outlier`.
 */
export function admitPlan({ plan, approvals }: PlanRequest, office: MintOffice): MintDecision<undefined> {
  const { config, state } = office;
  requireRunning(office);
  requireSound(plan);
  const hash = planHash(plan);
  const known = state.plans.get(plan.epoch);
  refuseUnless(
    known === undefined || known.hash === hash,
    'mint_plan_conflict',
    `epoch ${plan.epoch} has the plan ${known?.hash}, brought is ${hash}`,
  );
  // People may still come to one that is here.
  if (known === undefined) requireWindow(plan, office);
  const approved = countApprovals(approvals, { ...plan, hash }, config);
  const { names: approvers, people } = approved;
  if (known !== undefined && people <= known.people) return { answer: undefined };
  // What the contract takes at most a sound plan keeps: past our own cap it is for people.
  refuseUnless(
    plan.points <= config.policy.epochCap || people >= config.people,
    'mint_epoch_cap',
    `epoch ${plan.epoch} has ${plan.points} points, more than ${config.policy.epochCap}: ${config.people} people have to approve plan ${hash}, ${people} did${uncountedText(approved.uncounted)}`,
  );
  const regions = requireRegionCaps({ ...plan, regions: approved.regions }, office);
  const outliers = outliersOf({ ...plan, regions }, office);
  refuseUnless(
    outliers.length === 0 || people >= config.people,
    'mint_outlier',
    `${outliers.join('; ')}: ${config.people} people have to approve plan ${hash}, ${people} did${uncountedText(approved.uncounted)}`,
  );
  const { epoch, cutId, points, chains } = plan;
  return {
    act: { kind: 'planned', epoch, cutId, hash, points, chains, regions, approvers, people },
    answer: undefined,
  };
}

/** People's word that a day may see more new slots. @throws SignerError `mint_plan_unapproved`. */
export function admitEnrolments(
  { approvals }: { readonly approvals: readonly Uint8Array[] },
  office: MintOffice,
): MintDecision<undefined> {
  const { config } = office;
  requireRunning(office);
  const today = epochOf(office.now);
  const { body, names: approvers } = requirePersons(enrolmentApprovalKind, approvals, {
    ...{ config, needed: config.people, what: 'these enrolments' },
    textOf: ({ day, slots }) => `${slots} new slots on day ${day}`,
    besides: ({ body: { day } }) => (day < today ? `day ${day} is over (today is ${today})` : undefined),
  });
  const { day, slots } = body;
  return { act: { kind: 'enrolments-approved', day, slots, approvers }, answer: undefined };
}

function requireRunning({ state }: MintOffice): void {
  refuseUnless(state.killed === undefined, 'mint_killed', `it was stopped (${state.killed})`);
}

function requireWindow({ epoch }: PlanOutline, { state, now }: MintOffice): void {
  const today = epochOf(now);
  refuseUnless(
    epoch <= today && epoch >= today - WINDOW,
    'mint_epoch_closed',
    `epoch ${epoch} is not within ${today - WINDOW} to ${today} (today)`,
  );
  const floor = Math.max(-1, ...state.floors);
  refuseUnless(
    epoch > floor,
    'mint_epoch_closed',
    `epoch ${epoch} is not above ${floor}, where this signer's new journal begins`,
  );
}

/** @throws SignerError `mint_bad_act` where the contract would refuse it. */
function requireSound({ points, chains }: PlanOutline): void {
  const bad = (what: string): never => refuse('mint_bad_act', `the plan has ${what}`);
  if (chains.length !== MINT_CHAINS || chains.some(({ chain }, index) => chain !== index))
    bad(`the chains ${chains.map(({ chain }) => chain)}: each of 0 to ${MINT_CHAINS - 1} once is expected`);
  for (const { chain, slots, cap, bounds, batches } of chains) {
    const sum = batches.reduce((all, batch) => all + batch.sum, 0);
    if (sum !== cap || cap > EPOCH_CAP)
      bad(`${sum} points in the batches of chain ${chain}, and a cap of ${cap}`);
    const ascends = bounds.every((bound, at) => (at === 0 ? bound === 0 : bound > bounds[at - 1]!));
    const end = cap === 0 ? 0 : bucketsOf(slots);
    if (!ascends || bounds.at(-1) !== end || bounds.length !== batches.length + 1)
      bad(`the bounds [${bounds}] for ${batches.length} batches and ${slots} slots of chain ${chain}`);
  }
  const total = chains.reduce((all, { cap }) => all + cap, 0);
  if (total !== points) bad(`${points} points, and ${total} on its chains`);
}
