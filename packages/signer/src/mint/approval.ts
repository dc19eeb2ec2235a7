import {
  CONTEXT,
  type Codec,
  fromHex,
  list,
  open,
  ProtocolError,
  peek,
  record,
  type SignedKind,
  text,
  u32,
  u64,
} from '@stoa/protocol';
import { MINT_CHAINS } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { SignerError } from '#error.ts';
import { type Approver, contractOf, type MintConfig } from '#mint/config.ts';

/** One for a test network is worth nothing elsewhere. */
const place = { networkId: text(32), contract: text(96), approver: text(32), at: u64 };

/** Where and by whom; in every approval. */
export interface Placed {
  networkId: string;
  /** `contractOf`. */
  contract: string;
  approver: string;
  /** When it was signed, ms. */
  at: number;
}

export interface RegionShare {
  region: string;
  /** Active in the last month. */
  nodes: number;
  /** Of the plan's. */
  points: number;
}

export interface PlanApproval extends Placed {
  epoch: number;
  /** `planHash`. */
  hash: string;
  points: number;
  regions: RegionShare[];
}

const planApproval: Codec<PlanApproval> = record({
  ...place,
  epoch: u32,
  hash: text(43),
  points: u64,
  regions: list(record({ region: text(32), nodes: u32, points: u64 }), 32),
});

/** An approver's word that a plan is what the evidence gives. */
export const planApprovalKind: SignedKind<PlanApproval> = {
  context: CONTEXT.mintPlan,
  body: planApproval,
  title: "approval of a mint's plan",
};

export interface EnrolmentApproval extends Placed {
  /** UTC day number. */
  day: number;
  /** New slots of that day, at most. */
  slots: number;
}

const enrolmentApproval: Codec<EnrolmentApproval> = record({ ...place, day: u32, slots: u32 });

/** A person's word that more accounts than usual are enrolled in a day. */
export const enrolmentApprovalKind: SignedKind<EnrolmentApproval> = {
  context: CONTEXT.mintEnrolments,
  body: enrolmentApproval,
  title: "approval of a day's enrolments",
};

export interface RestartApproval extends Placed {
  /** The last epoch that each chain has, as read from it. */
  epochs: number[];
}

const restartApproval: Codec<RestartApproval> = record({ ...place, epochs: list(u32, MINT_CHAINS) });

/** A person's word about the chains, for a signer that lost its journal. */
export const restartApprovalKind: SignedKind<RestartApproval> = {
  context: CONTEXT.mintRestart,
  body: restartApproval,
  title: 'approval of a new journal of the mint',
};

export interface Approved<T> {
  readonly approver: Approver;
  readonly body: T;
}

/**
 * Opens an approval under the key of the approver that it names.
 * @throws SignerError `mint_plan_unapproved` for a stranger's, a forged one, or one for another network or contract.
 */
export function openApproval<T extends Placed>(
  kind: SignedKind<T>,
  sealed: Uint8Array,
  config: MintConfig,
): Approved<T> {
  try {
    const { approver: name } = peek(kind, sealed);
    const approver = config.approvers.find((each) => each.name === name);
    if (approver === undefined) throw unapproved(`'${name.slice(0, 32)}' is no approver of this signer`);
    const body = open(kind, sealed, nodeCrypto, fromHex(approver.publicKey));
    if (body.networkId !== config.networkId || body.contract !== contractOf(config))
      throw unapproved(
        `'${name}' approved for ${body.networkId} ${body.contract}; this signer is for ${config.networkId} ${contractOf(config)}`,
      );
    return { approver, body };
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw unapproved(`an approval does not open: ${cause.message}`, cause);
  }
}

export function unapproved(message: string, cause?: unknown): SignerError {
  return new SignerError('mint_plan_unapproved', message, cause === undefined ? {} : { cause });
}
