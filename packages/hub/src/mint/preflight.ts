import {
  type CommandSetting,
  commandText,
  gasLimitFor,
  type MintAct,
  type MintLimits,
} from '@stoa/protocol/mint';
import type { ChainView } from './chain-view.ts';
import { MintFault } from './error.ts';

/** In the words of nodes, of execution and of size. */
const OUT_OF_GAS = /gas limit/i;

export interface Preflighted {
  /** What nodes say that it takes. */
  readonly gas: number;
  /** As it was asked for, or as much more as that gas takes. */
  readonly gasLimit: number;
}

/**
 * Asks nodes what would become of an act right before it is signed, on the chain as it is then: what rests on another act is asked
 * for when that one is there. Where the model said too little, the limit is raised, within the chain's bound and what its account
 * can pay; the signer's own bounds come after it.
 * @param by.balance STOA of who pays.
 * @throws MintFault `would_fail`, `no_agreement`
 */
export async function preflighted(
  act: MintAct,
  setting: CommandSetting,
  by: { view: Pick<ChainView, 'preflight'>; limits: MintLimits; balance: number },
): Promise<Preflighted> {
  const { view, limits, balance } = by;
  const { chain, gasPrice } = setting;
  const most = Math.max(setting.gasLimit, Math.min(limits.gasLimit, Math.floor(balance / gasPrice)));
  const askedWith = (gasLimit: number) => view.preflight(chain, commandText(act, { ...setting, gasLimit }));
  let told = await askedWith(setting.gasLimit);
  const isShort = told.failure !== undefined && OUT_OF_GAS.test(told.failure);
  if (isShort) told = await askedWith(most);
  if (told.failure !== undefined)
    throw new MintFault(
      'would_fail',
      `chain ${chain}: nodes say that ${act.kind} would fail: ${told.failure}. Nothing is signed; it may take ${most} gas at most`,
    );
  // Who answers may be another one each time: one that lies beside one that is gone would have a limit signed that burns.
  if (isShort && told.gas <= setting.gasLimit)
    throw new MintFault(
      'no_agreement',
      `chain ${chain}: nodes say that ${setting.gasLimit} gas is too little for ${act.kind}, and that it takes ${told.gas}: nothing is signed`,
    );
  const gasLimit = Math.min(most, Math.max(setting.gasLimit, gasLimitFor(told.gas, limits)));
  return { gas: told.gas, gasLimit };
}
