import { accountCapped, batchCapped, dayCapped, deltasSound } from '#mint/rules/amount.ts';
import { enrolmentSound, enrolmentsCapped } from '#mint/rules/enrolment.ts';
import { gasLimitBounded, gasPriceInBand, gasSpendBounded } from '#mint/rules/gas.ts';
import { knownChain, knownPlace, leaseNotStale, notKilled } from '#mint/rules/place.ts';
import { batchPlanned, closingPlanned, epochOfDay, notGivenUp, openingPlanned } from '#mint/rules/plan.ts';
import type { Rule } from '#mint/rules/rule.ts';
import { attemptInTurn, createdNow, sameContent, ttlBounded } from '#mint/rules/time.ts';

/** Whoever asks, and whatever for, also for what was signed before. */
export const ALWAYS: readonly Rule[] = [notKilled, knownPlace, knownChain, leaseNotStale, sameContent];

/** For a command that is new. In their order: what is cheap and general first. */
export const FOR_NEW: readonly Rule[] = [
  ...[ttlBounded, createdNow, gasPriceInBand, gasLimitBounded],
  ...[epochOfDay, notGivenUp, openingPlanned, batchPlanned, closingPlanned, enrolmentSound],
  ...[attemptInTurn, deltasSound, accountCapped, batchCapped],
  ...[dayCapped, enrolmentsCapped, gasSpendBounded],
];
