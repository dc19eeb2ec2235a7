import { commandText, type MintAct, WIDEST_SETTING } from './command.ts';
import { ACCOUNT_CAP, EPOCH_CAP } from './register.ts';

/** The bounds of a transaction. Gas: nodes default to 1.6 M a block. Bytes: two limits of 2 MiB of the P2P layer jam otherwise. */
export interface MintLimits {
  /** Most gas limit of one transaction. */
  readonly gasLimit: number;
  /** Most bytes of one `cmd`. */
  readonly bytes: number;
  /** Most whole points of one account and epoch, and of one chain and epoch: the contract's constants. */
  readonly accountCap: number;
  readonly epochCap: number;
  /** The gas limit is the reckoned gas times this: a transaction that runs out of gas pays all of it and does nothing. */
  readonly gasMargin: number;
}

export const MINT_LIMITS: MintLimits = {
  gasLimit: 1_500_000,
  bytes: 225_000,
  accountCap: ACCOUNT_CAP,
  epochCap: EPOCH_CAP,
  gasMargin: 1.2,
};

/** What a transaction takes of a block and of a connection, at the widest setting. */
export interface Weight {
  /** Of the `cmd`. */
  readonly bytes: number;
  /** An upper bound. */
  readonly gas: number;
  readonly gasLimit: number;
}

export function weigh(bytes: number, gas: number, limits: MintLimits): Weight {
  return { bytes, gas, gasLimit: gasLimitFor(gas, limits) };
}

/** The limit under which so much gas is signed for. */
export function gasLimitFor(gas: number, { gasMargin }: MintLimits): number {
  return Math.ceil(gas * gasMargin);
}

export function isWithin({ bytes, gasLimit }: Weight, limits: MintLimits): boolean {
  return bytes <= limits.bytes && gasLimit <= limits.gasLimit;
}

const encoder = new TextEncoder();

/** No real command of the act is longer. */
export function widestBytes(act: MintAct): number {
  return encoder.encode(commandText(act, WIDEST_SETTING)).length;
}
