import { epochOf } from '@stoa/protocol/mint';
import { type Rule, refuseUnless } from '#mint/rules/rule.ts';

const DAY_MS = 86_400_000;
const ANU = 1e12;

/** Whole ANU of one gas; `commandText` refuses prices of more decimals. */
export function priceInAnu(gasPrice: number): number {
  return Math.round(gasPrice * ANU);
}

export const gasPriceInBand: Rule = ({ setting: { gasPrice } }, { config: { policy } }) => {
  const price = priceInAnu(gasPrice);
  refuseUnless(
    price >= policy.gasPriceMin && price <= policy.gasPriceMax,
    'mint_gas_price',
    `a gas price of ${gasPrice} STOA is not within ${policy.gasPriceMin / ANU} to ${policy.gasPriceMax / ANU}`,
  );
};

export const gasLimitBounded: Rule = ({ setting: { gasLimit } }, { config: { policy } }) => {
  refuseUnless(
    Number.isSafeInteger(gasLimit) && gasLimit >= 1 && gasLimit <= policy.gasLimitMax,
    'mint_gas_limit',
    `a gas limit of ${gasLimit} is not within 1 to ${policy.gasLimitMax}`,
  );
};

/** Whoever holds the hub can't burn the gas account: what all commands of a day could cost at most is bounded. */
export const gasSpendBounded: Rule = ({ setting }, { config: { policy }, state, now }) => {
  const day = epochOf(now);
  const cost = priceInAnu(setting.gasPrice) * setting.gasLimit;
  const spent = state.day(day).gas;
  refuseUnless(
    spent + cost <= policy.gasSpendPerDay,
    'mint_gas_spent',
    `${cost / ANU} STOA of gas on top of today's ${spent / ANU} is more than ${policy.gasSpendPerDay / ANU} a day`,
    { retryAfterMs: (day + 1) * DAY_MS - now },
  );
};
