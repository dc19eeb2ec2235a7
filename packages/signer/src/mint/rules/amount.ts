import { ACCOUNT_CAP, BUCKET, deltasDigest, epochOf, MintError, parseDeltas } from '@stoa/protocol/mint';
import { CONTRACT_CAP } from '#mint/config.ts';
import { planOf } from '#mint/rules/plan.ts';
import { type Rule, refuse, refuseUnless } from '#mint/rules/rule.ts';

const DAY_MS = 86_400_000;

/** The deltas are what sum and digest say: the digest alone is what was approved. */
export const deltasSound: Rule = ({ act }) => {
  if (act.kind !== 'mint') return;
  const digest = deltasDigest(act.deltas);
  refuseUnless(
    digest === act.digest,
    'mint_not_planned',
    `the deltas of batch ${act.batch} have the digest ${digest}, said is ${act.digest}`,
  );
  const sum = bucketsOf(act.deltas).reduce(
    (all, bucket) => bucket.reduce((some, each) => some + each, all),
    0,
  );
  refuseUnless(
    sum === act.sum,
    'mint_not_planned',
    `the deltas of batch ${act.batch} sum to ${sum}, said is ${act.sum}`,
  );
};

/** An account above its cap is for people; above the contract's cap it is for nobody. */
export const accountCapped: Rule = (ask, office) => {
  const { act, setting } = ask;
  if (act.kind !== 'mint') return;
  const plan = planOf(ask, office);
  const { people, policy } = office.config;
  const cap = plan.people >= people ? ACCOUNT_CAP : policy.accountCap;
  const from = plan.chains.find((each) => each.chain === setting.chain)!.bounds[act.batch]!;
  bucketsOf(act.deltas).forEach((bucket, index) => {
    const place = bucket.findIndex((points) => points > cap);
    if (place >= 0)
      refuse(
        'mint_account_cap',
        `slot ${(from + index) * BUCKET + place} of chain ${setting.chain} would get ${bucket[place]} points, more than ${cap} in an epoch${cap === ACCOUNT_CAP ? '' : ': people have to approve the plan'}`,
      );
  });
};

export const batchCapped: Rule = ({ act }, { config: { policy } }) => {
  if (act.kind !== 'mint') return;
  refuseUnless(
    act.sum <= policy.batchCap,
    'mint_batch_cap',
    `batch ${act.batch} has ${act.sum} points, more than ${policy.batchCap}`,
  );
};

/** Several epochs may fall on one day after a stand-still; together they are bounded as well, unless people approved the plan. */
export const dayCapped: Rule = (ask, office) => {
  const { act, setting } = ask;
  if (act.kind !== 'mint' || setting.attempt > 0) return;
  const {
    config: { people, policy },
    state,
    now,
  } = office;
  const isLetThrough = planOf(ask, office).people >= people;
  const cap = isLetThrough ? Math.max(policy.dayCap, CONTRACT_CAP) : policy.dayCap;
  const day = epochOf(now);
  const { points } = state.day(day);
  refuseUnless(
    points + act.sum <= cap,
    'mint_day_cap',
    `${act.sum} points on top of today's ${points} are more than ${cap} a day${isLetThrough ? '' : `: ${people} people have to approve the plan`}`,
    { retryAfterMs: (day + 1) * DAY_MS - now },
  );
};

function bucketsOf(deltas: string): readonly (readonly number[])[] {
  try {
    return parseDeltas(deltas);
  } catch (cause) {
    if (!(cause instanceof MintError)) throw cause;
    return refuse('mint_bad_act', cause.message, { cause });
  }
}
