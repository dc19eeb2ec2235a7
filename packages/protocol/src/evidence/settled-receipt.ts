import { equalBytes } from '../bytes.ts';
import {
  appended,
  bytes,
  type Decoded,
  decode,
  fixed,
  list,
  oneOf,
  optional,
  record,
  text,
  u16,
  u32,
  u64,
  word64,
} from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import type { InstanceCert } from '../identity/hub-chain.ts';
import { regionName } from '../identity/names.ts';
import { open, peek, type SignedKind } from '../signed.ts';
import { FEE_WHOLE } from '../stoicism/points.ts';
import { instanceOfHour, type RegionTrust } from './hour-signer.ts';
import { type ProofStep, rootFromProof } from './merkle.ts';
import { minuteWord } from './minutes.ts';
import { GATES } from './receipt.ts';

/** Ids of payout accounts; they name no person. */
const accountId = text(64);
/** Units of 1e-12 points. */
const points = word64;

/**
 * score: the breakdown that `microScore` is the sum of. dial-back: the sealed report of who looked at the P2P port. gap: a hub's
 * signed record of a gap that granted minutes of the hour (`signedHubGap`).
 */
export type EvidenceKind = 'score' | 'dial-back' | 'gap';
/** A name, so that one that a newer hub adds is read as well. */
const evidenceKind = text(24);

/** What the ledger's points are worth: shadow, nothing on chain. */
const ledgerMode = oneOf('shadow', 'live');
export type LedgerMode = Decoded<typeof ledgerMode>;
const reckoning = {
  mode: ledgerMode,
  /** Of the event by which the ledger was last reset to 0; 0: never. What was paid before it counts no more. */
  resetSequence: u64,
};

const MAX_EVIDENCE = 8;
/** Records of gaps that a receipt can name, beside the breakdown and the report. */
export const MAX_GAP_RECORDS: number = MAX_EVIDENCE - 2;

/**
 * What one node's hub hour was paid, and why: the ledger's word about it, as a leaf of the tree whose root an instance signs.
 * A newer hub may append fields: its hash holds them, and an older reader leaves them unread.
 */
export const settledReceipt = record({
  nodeId: fixed(32),
  /** Hours since 1970 by the hub's clock. */
  hubHour: u32,
  /** 0 for the first; each later one replaces those before it. */
  revision: u16,
  ...reckoning,
  /** `hash` of the sealed checkpoint that the hub closed it by; none came where it is missing. */
  checkpoint: optional(fixed(32)),
  /** Minutes in which the hub acknowledged a frame. */
  acknowledged: minuteWord,
  /** Those that both sides support, and those of a hub gap that the rule grants. */
  minutes: minuteWord,
  /** Of `minutes` those that are a hub's gap. */
  gap: minuteWord,
  /** One side's word alone: never paid. */
  unsupported: minuteWord,
  /** Of `minutes` those for which no gate was evaluated: not paid. */
  unjudged: minuteWord,
  /** A word a gate, in the order of `GATES`: which of `minutes` failed it. Empty where none failed any. */
  gateFailures: list(minuteWord, GATES.length),
  /** Of the score that the hour counts by; 0: the node had none. */
  scoreVersion: u32,
  /** Whole 1e-6. */
  microScore: u32,
  /** Whom the hour is paid to; empty: no account was named. */
  account: accountId,
  /** What the account was paid of it. */
  points,
  /** What waits for the end of the warm-up. */
  pendingPoints: points,
  /** Of a tunnel, on top of what the account was paid. */
  fee: optional(
    record({
      account: accountId,
      /** Tenths of a per-mille. */
      permille1: u16,
      points,
      pendingPoints: points,
    }),
  ),
  /** `hash` of each document that it rests on besides the checkpoint, which commits to tips, gauges and arguments. */
  evidence: list(record({ kind: evidenceKind, hash: fixed(32) }), MAX_EVIDENCE),
});
export type SettledReceipt = Decoded<typeof settledReceipt>;

const receiptRootBody = record({
  region: regionName,
  hubHour: u32,
  /** 0: the hour was closed; then the passes that found later words. */
  pass: u16,
  /** Leaves of the tree. */
  count: u32,
  /** `merkleRoot` over the encoded receipts of the pass, in the order of node and revision. */
  root: fixed(32),
  /** Counts up in the region, from 1; above it the restore generation of its database (`rootGeneration`). */
  number: u64,
  /** `hash` of the sealed root before it, zero for the first: one chain a region, so that none can be taken back. */
  previous: fixed(32),
  ...reckoning,
});
export type ReceiptRoot = Decoded<typeof receiptRootBody>;

/** Signed by a hub instance of the region, which publishes it: stands for all receipts of one pass over one hour. */
export const receiptRootKind: SignedKind<ReceiptRoot> = {
  context: CONTEXT.receiptRoot,
  body: receiptRootBody,
  title: 'root of the receipts of an hour',
  grows: true,
};

/** Numbers of one restore generation. */
export const ROOTS_PER_GENERATION: number = 2 ** 32;

/**
 * A restore takes back what was signed since the backup: hours are closed again, and each of their roots has a higher number than
 * all before, in place of those of a lower generation. It is no secret, and no everyday matter.
 */
export function rootGeneration({ number }: Pick<ReceiptRoot, 'number'>): number {
  return Math.floor(number / ROOTS_PER_GENERATION);
}

/** A signed root with the chain that its reader needs. */
const rootFields = {
  /** `receiptRootKind`, sealed. */
  root: bytes(512),
  region: bytes(512),
  instance: bytes(512),
};
export const signedReceiptRoot = record(rootFields);
export type SignedReceiptRoot = Decoded<typeof signedReceiptRoot>;

const MAX_PATH = 32;

/** A receipt as it travels: countersigned by its path to a signed root. */
export const provenReceipt = record({
  /** `settledReceipt`, as it was hashed. */
  body: bytes(1024),
  /** From the leaf upwards. */
  path: list(record({ side: oneOf('left', 'right'), hash: fixed(32) }), MAX_PATH),
  ...rootFields,
  /** Of the documents that the body names, those that nobody else has: records of gaps. */
  documents: appended(list(bytes(1296), MAX_GAP_RECORDS)),
});
export type ProvenReceipt = Decoded<typeof provenReceipt>;

export interface OpenedRoot {
  readonly root: ReceiptRoot;
  readonly instance: InstanceCert;
}

/**
 * Checked from the offline root down: signed by an instance of the region that was certified for the hour it is about, not
 * long after it (`instanceOfHour`).
 * @throws ProtocolError `bad_signature`, `malformed`, and as `instanceOfHour` does.
 */
export function openReceiptRoot(
  signed: SignedReceiptRoot,
  trust: RegionTrust,
  crypto: Signatures,
): OpenedRoot {
  const { hubHour } = peek(receiptRootKind, signed.root);
  const instance = instanceOfHour(signed, hubHour, trust, crypto);
  const root = open(receiptRootKind, signed.root, crypto, instance.publicKey);
  if (root.region !== trust.region)
    throw new ProtocolError(
      'wrong_region',
      `the root is of region '${root.region}', not of '${trust.region}'`,
    );
  return { root, instance };
}

export interface OpenedReceipt extends OpenedRoot {
  readonly receipt: SettledReceipt;
  /** Whoever handed it on may have put anything there: they count by their `hash`. */
  readonly documents: readonly Uint8Array[];
}

/** As `openReceiptRoot`, and the receipt is a leaf of that root, of the same hour. @throws ProtocolError */
export function openProvenReceipt(
  proven: ProvenReceipt,
  trust: RegionTrust,
  crypto: Signatures,
): OpenedReceipt {
  const { root, instance } = openReceiptRoot(proven, trust, crypto);
  if (!leadsTo(root, proven.body, proven.path, crypto))
    throw new ProtocolError('bad_signature', 'the path from the receipt does not lead to the signed root');
  const receipt = decode(settledReceipt, proven.body);
  if (receipt.hubHour !== root.hubHour)
    throw new ProtocolError(
      'malformed',
      `a receipt of hour ${receipt.hubHour} is under the root of hour ${root.hubHour}`,
    );
  if (receipt.mode !== root.mode || receipt.resetSequence !== root.resetSequence)
    throw new ProtocolError(
      'malformed',
      `a receipt of a ledger that is ${receipt.mode} since reset ${receipt.resetSequence} is under a root that says ${root.mode}, ${root.resetSequence}`,
    );
  if ((receipt.fee?.permille1 ?? 0) > FEE_WHOLE)
    throw new ProtocolError(
      'malformed',
      `a fee of ${receipt.fee?.permille1} tenths of a per-mille is more than all`,
    );
  return { receipt, root, instance, documents: proven.documents ?? [] };
}

/** A root can stand for more leaves than it says; so long a path can't. */
function leadsTo(
  { root, count }: ReceiptRoot,
  body: Uint8Array,
  path: readonly ProofStep[],
  crypto: Signatures,
): boolean {
  return (
    path.length <= Math.ceil(Math.log2(Math.max(count, 1))) &&
    equalBytes(rootFromProof(body, path, crypto.hash), root)
  );
}
