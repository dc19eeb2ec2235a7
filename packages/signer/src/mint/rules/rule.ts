import { SignerError, type SignerErrorOptions } from '#error.ts';
import type { MintConfig } from '#mint/config.ts';
import type { MintRefusalCode } from '#mint/refusal.ts';
import type { MintRequest, Subject } from '#mint/request.ts';
import type { MintState } from '#mint/state.ts';

/** All that a signature of the mint is decided on. Nothing here changes while it is. */
export interface MintOffice {
  readonly config: MintConfig;
  readonly state: MintState;
  /** The signer's time, ms. */
  readonly now: number;
}

export interface Ask extends MintRequest {
  readonly subject: Subject;
}

/** One rule of the policy. @throws SignerError with the rule's own code, naming the value and its bound. */
export type Rule = (ask: Ask, office: MintOffice) => void;

export function refuse(code: MintRefusalCode, message: string, options?: SignerErrorOptions): never {
  throw new SignerError(code, `the mint's signer refuses: ${message}`, options);
}

export function refuseUnless(
  holds: boolean,
  code: MintRefusalCode,
  message: string,
  options?: SignerErrorOptions,
): asserts holds {
  if (!holds) refuse(code, message, options);
}
