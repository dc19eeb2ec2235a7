import type { CommandSetting, MintAct, PlanOutline } from '@stoa/protocol/mint';

/** A transaction as nodes take it. */
export interface SignedCommand {
  readonly cmd: string;
  /** Its request key. */
  readonly hash: string;
  readonly sigs: readonly { readonly sig: string }[];
}

/** On whose word an act is signed. */
export interface SigningGround {
  /** The plan that approvers signed; an enrolment has none. */
  readonly plan: { readonly epoch: number; readonly hash: string } | undefined;
  /** Of the lease under which the sequencer leads: the signer takes none below the highest that it saw. */
  readonly leaseEpoch: number;
}

/** Who has the mint key. Asked again for an act and attempt that it signed before it gives the same bytes, whatever the setting. */
export interface MintSigner {
  /** Brings a day's plan with the words of its approvers, before anything of it is signed. Idempotent. */
  plan(request: { plan: PlanOutline; approvals: readonly Uint8Array[] }): Promise<void>;
  /** @throws where its policy refuses, or it is not there: with a stable `code`, and whether a retry helps. */
  sign(act: MintAct, setting: CommandSetting, ground: SigningGround): Promise<SignedCommand>;
}
