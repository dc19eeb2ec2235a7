import { chainDigest, epochOf, WINDOW } from '@stoa/protocol/mint';
import type { PlannedEntry } from '#mint/entry.ts';
import { type Ask, type MintOffice, type Rule, refuse, refuseUnless } from '#mint/rules/rule.ts';

/** The approved plan that an act is of. @throws SignerError `mint_plan_unknown`, `mint_plan_conflict`. */
export function planOf({ act, ground }: Ask, { state }: MintOffice): PlannedEntry {
  if (act.kind === 'enrol') refuse('mint_bad_act', 'an enrolment is of no plan');
  const plan = state.plans.get(act.epoch);
  if (plan === undefined)
    refuse('mint_plan_unknown', `no approved plan of epoch ${act.epoch} was brought here`);
  const { hash } = ground.plan ?? {};
  refuseUnless(
    ground.plan?.epoch === act.epoch && hash === plan.hash,
    'mint_plan_conflict',
    `epoch ${act.epoch} has the plan ${plan.hash}, asked is for ${hash ?? 'none'}`,
  );
  return plan;
}

/** Today's epoch, or one of the contract's window, may be opened; what is minted or closed was opened before. */
export const epochOfDay: Rule = ({ act, setting: { chain } }, { state, now }) => {
  if (act.kind === 'enrol') return;
  const today = epochOf(now);
  const floor = state.floors[chain] ?? -1;
  refuseUnless(
    act.epoch > floor,
    'mint_epoch_closed',
    `epoch ${act.epoch} of chain ${chain} is not above ${floor}, where this signer's new journal begins`,
  );
  if (act.kind === 'open')
    refuseUnless(
      act.epoch <= today && act.epoch >= today - WINDOW,
      'mint_epoch_closed',
      `epoch ${act.epoch} is not within ${today - WINDOW} to ${today} (today)`,
    );
  else
    refuseUnless(
      state.attemptsOf(`${act.epoch}:${chain}:open`).length > 0,
      'mint_epoch_closed',
      `epoch ${act.epoch} was not opened on chain ${chain} by this signer`,
    );
};

/** What a closing was signed for goes back to its owners: whoever holds the hub can't have it minted besides. */
export const notGivenUp: Rule = ({ act, setting: { chain } }, { state }) => {
  if (act.kind !== 'open' && act.kind !== 'mint') return;
  refuseUnless(
    state.attemptsOf(`${act.epoch}:${chain}:close`).length === 0,
    'mint_epoch_given_up',
    `the closing of epoch ${act.epoch} on chain ${chain} was signed: nothing more of it is minted there`,
  );
};

/** An opening says what the plan's chain says. */
export const openingPlanned: Rule = (ask, office) => {
  const { act, setting } = ask;
  if (act.kind !== 'open') return;
  const plan = planOf(ask, office);
  const chain = plan.chains.find((each) => each.chain === setting.chain)!;
  const digest = chainDigest(plan, chain);
  const isSame =
    act.cap === chain.cap &&
    act.digest === digest &&
    JSON.stringify(act.bounds) === JSON.stringify(chain.bounds);
  refuseUnless(
    isSame,
    'mint_not_planned',
    `cap ${act.cap}, bounds [${act.bounds}], digest ${act.digest} on chain ${chain.chain}; the plan has ${chain.cap}, [${chain.bounds}], ${digest}`,
  );
};

/** A batch is one of the plan's. */
export const batchPlanned: Rule = (ask, office) => {
  const { act, setting } = ask;
  if (act.kind !== 'mint') return;
  const chain = planOf(ask, office).chains.find((each) => each.chain === setting.chain)!;
  const batch = chain.batches[act.batch];
  refuseUnless(
    batch?.digest === act.digest && batch.sum === act.sum,
    'mint_not_planned',
    `batch ${act.batch} of chain ${setting.chain} with sum ${act.sum} and digest ${act.digest}; the plan has ${batch === undefined ? `${chain.batches.length} batches there` : `${batch.sum}, ${batch.digest}`}`,
  );
};

/** Who gives an epoch up says how much of it was minted: never more than was planned. */
export const closingPlanned: Rule = (ask, office) => {
  const { act, setting } = ask;
  if (act.kind !== 'close') return;
  const { cap } = planOf(ask, office).chains.find((each) => each.chain === setting.chain)!;
  refuseUnless(
    act.total >= 0 && act.total < cap,
    'mint_not_planned',
    `epoch ${act.epoch} of chain ${setting.chain} is given up at ${act.total} points, the plan has ${cap}: the last batch closes it by itself`,
  );
};
