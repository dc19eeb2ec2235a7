import { enrolmentDigest, epochOf, owningChain } from '@stoa/protocol/mint';
import { readPayoutAccount } from '@stoa/protocol/stoicism';
import { type Rule, refuseUnless } from '#mint/rules/rule.ts';

const DAY_MS = 86_400_000;

/** Real accounts on their own chain, each once, under their digest. That a slot is given once is the contract's. */
export const enrolmentSound: Rule = ({ act, setting }) => {
  if (act.kind !== 'enrol') return;
  const { accounts, digest } = act;
  refuseUnless(
    accounts.length > 0 && new Set(accounts).size === accounts.length,
    'mint_bad_act',
    `an enrolment of ${accounts.length} accounts, of which ${new Set(accounts).size} differ`,
  );
  for (const account of accounts) {
    refuseUnless(
      readPayoutAccount(account).ok,
      'mint_bad_act',
      `'${account.slice(0, 80)}' is no account of the chain or of Ouronet`,
    );
    const owning = owningChain(account);
    refuseUnless(
      owning === setting.chain,
      'mint_bad_act',
      `'${account.slice(0, 80)}' belongs on chain ${owning}, not on chain ${setting.chain}`,
    );
  }
  const found = enrolmentDigest(accounts);
  refuseUnless(
    found === digest,
    'mint_not_planned',
    `the accounts have the digest ${found}, said is ${digest}`,
  );
};

/** New slots a day are bounded; people may allow one day more. */
export const enrolmentsCapped: Rule = ({ act, setting }, { config: { policy }, state, now }) => {
  if (act.kind !== 'enrol' || setting.attempt > 0) return;
  const day = epochOf(now);
  const most = Math.max(policy.enrolmentsPerDay, state.allowances.get(day) ?? 0);
  const { slots } = state.day(day);
  refuseUnless(
    slots + act.accounts.length <= most,
    'mint_enrolment_cap',
    `${act.accounts.length} new slots on top of today's ${slots} are more than ${most}: people may allow this day more ('signer mint approve --enrolments')`,
    { retryAfterMs: (day + 1) * DAY_MS - now },
  );
};
