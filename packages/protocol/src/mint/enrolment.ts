import { utf8 } from '../bytes.ts';
import { WIDEST_SETTING } from './command.ts';
import { MintError } from './error.ts';
import { closeGas, enrolGas } from './gas.ts';
import { isWithin, MINT_LIMITS, type MintLimits, type Weight, weigh, widestBytes } from './limits.ts';
import { enrolmentDigest } from './register.ts';

/** One transaction that gives accounts the next slots of their chain, in this order. */
export interface PlannedEnrolment extends Weight {
  readonly chain: number;
  readonly first: number;
  readonly accounts: readonly string[];
  readonly digest: string;
}

/**
 * @param at the chain, and its counter: the slot of the first account.
 * @param accounts in the order of their slots; none of them enrolled, none twice.
 * @throws MintError
 */
export function planEnrolments(
  at: { readonly chain: number; readonly first: number },
  accounts: readonly string[],
  limits: MintLimits = MINT_LIMITS,
): PlannedEnrolment[] {
  if (new Set(accounts).size < accounts.length)
    throw new MintError(
      'bad_act',
      `chain ${at.chain} would enrol an account twice: each has one slot, for ever`,
    );
  const planned: PlannedEnrolment[] = [];
  let rest = accounts;
  while (rest.length > 0) {
    const first = at.first + accounts.length - rest.length;
    const next = rest.slice(0, mostAccounts(first, rest, limits));
    if (next.length === 0)
      throw new MintError(
        'does_not_fit',
        `account '${rest[0]?.slice(0, 40)}' alone is past ${limits.bytes} bytes or ${limits.gasLimit} gas: look at its name`,
      );
    const digest = enrolmentDigest(next);
    const bytes = widestBytes({ kind: 'enrol', first, accounts: next, digest });
    planned.push({ chain: at.chain, first, accounts: next, digest, ...weighEnrolment(bytes, next, limits) });
    rest = rest.slice(next.length);
  }
  return planned;
}

/** How many of them one transaction holds. */
function mostAccounts(first: number, accounts: readonly string[], limits: MintLimits): number {
  const digest = WIDEST_SETTING.moduleHash;
  // At the most that their number comes to in the capability.
  let bytes = widestBytes({ kind: 'enrol', first, accounts: [], digest }) + String(accounts.length).length;
  let nameBytes = 0;
  const past = accounts.findIndex((account, index) => {
    // A comma comes after it.
    bytes += utf8(JSON.stringify(account)).length + 1;
    nameBytes += utf8(account).length;
    const gas = enrolGas({ bytes, accounts: index + 1, nameBytes });
    return !isWithin(weigh(bytes, gas, limits), limits);
  });
  return past === -1 ? accounts.length : past;
}

function weighEnrolment(bytes: number, accounts: readonly string[], limits: MintLimits): Weight {
  const nameBytes = accounts.reduce((sum, account) => sum + utf8(account).length, 0);
  return weigh(bytes, enrolGas({ bytes, accounts: accounts.length, nameBytes }), limits);
}

/** What the closing of an epoch takes that is given up. @param bounds of the chain's plan. */
export function weighClosing(
  epoch: number,
  total: number,
  bounds: readonly number[],
  limits: MintLimits = MINT_LIMITS,
): Weight {
  const bytes = widestBytes({ kind: 'close', epoch, total });
  return weigh(bytes, closeGas({ bytes, bounds: bounds.length }), limits);
}
