import type { PlanOutline } from '@stoa/protocol/mint';
import type { RegionShare } from '#mint/approval.ts';
import { lastPaid } from '#mint/region-caps.ts';
import type { MintOffice } from '#mint/rules/rule.ts';

const USUAL_DAYS = 7;

/**
 * What of a plan is out of the ordinary and takes people's approval: for each a sentence that says so. Accounts are looked at
 * when their batch is signed (`accountCapped`), since a plan has digests alone.
 */
export function outliersOf(
  plan: PlanOutline & { readonly regions: readonly RegionShare[] },
  { config, state }: MintOffice,
): string[] {
  const before = [...state.plans.values()]
    .filter(({ epoch }) => epoch < plan.epoch)
    .sort((a, b) => b.epoch - a.epoch);
  const [last] = before;
  if (last === undefined) return [`epoch ${plan.epoch} is the first that this signer knows of`];
  const { outlierPermille, enrolmentsPerDay } = config.policy;
  const usual = medianOf(before.slice(0, USUAL_DAYS).map(({ points }) => points));
  const most = Math.floor((usual * outlierPermille) / 1_000);
  const slots = slotsOf(plan) - slotsOf(last);
  const days = plan.epoch - last.epoch;
  return [
    ...(plan.points > most
      ? [
          `${plan.points} points are more than ${outlierPermille} per mille of ${usual}, the median of ${Math.min(before.length, USUAL_DAYS)} days`,
        ]
      : []),
    ...(slots > enrolmentsPerDay * days
      ? [`${slots} new slots in ${days} days are more than ${enrolmentsPerDay} a day`]
      : []),
    ...plan.regions
      .filter(({ region }) => lastPaid(region, before, plan.epoch) === undefined)
      .map(({ region }) => `region '${region}' is new`),
  ];
}

function slotsOf({ chains }: Pick<PlanOutline, 'chains'>): number {
  return chains.reduce((all, { slots }) => all + slots, 0);
}

/** The lower one of two in the middle: towards what is asked about sooner. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 0;
}
