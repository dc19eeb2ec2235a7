import type { CommandSetting, MintAct } from '@stoa/protocol/mint';

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
  /** Of the lease under which the hub leads: none below the highest that was seen is taken. */
  readonly leaseEpoch: number;
}

export interface MintRequest {
  readonly act: MintAct;
  readonly setting: CommandSetting;
  readonly ground: SigningGround;
}

/** What an act is about: all attempts at it share this name and one content. */
export interface Subject {
  /** Unique for ever on the networks of one signer: `20783:3:0`, `20783:3:open`, `enrol:3:50`. */
  readonly name: string;
  /** Tells one content of it from another. */
  readonly content: string;
}

export function subjectOf(act: MintAct, chain: number): Subject {
  switch (act.kind) {
    case 'open':
      return { name: `${act.epoch}:${chain}:open`, content: act.digest };
    case 'mint':
      return { name: `${act.epoch}:${chain}:${act.batch}`, content: act.digest };
    case 'close':
      return { name: `${act.epoch}:${chain}:close`, content: `total ${act.total}` };
    case 'enrol':
      return { name: `enrol:${chain}:${act.first}`, content: act.digest };
  }
}
