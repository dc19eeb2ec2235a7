import {
  bytes,
  type Codec,
  type Decoded,
  encode,
  fixed,
  list,
  record,
  text,
  u16,
  u32,
} from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { Signatures } from '../crypto/suite.ts';
import type { SignedKind } from '../signed.ts';

/** Where a node says to its hub that it begins a part of a benchmark, and what came of it: by POST of a `workWord`. */
export const WORK_WORD_PATH = '/work/v1/benchmark';

/** Of all lanes together. */
export const MAX_MARKS = 4_096;
/** Of such a word, whole. */
export const WORK_WORD_BYTES: number = 160 * 1024;
export const MAX_LANES = 256;

const lane = record({
  /** Steps between one mark and the next. */
  every: u32,
  /** The state after each stretch, from the first. */
  marks: list(fixed(32), MAX_MARKS),
});
export type WorkLane = Decoded<typeof lane>;

const lanesCodec: Codec<WorkLane[]> = list(lane, MAX_LANES);

const claimBody = record({
  nodeId: fixed(32),
  jobId: fixed(16),
  attempt: u16,
  part: text(20),
  /** Of 4 KiB, of the file that the drive is measured by; 0 for other parts. */
  blocks: u32,
  /** `workAnswer` of the lanes; zero where the node is about to begin, and asks for the nonce. */
  answer: fixed(32),
});
export type WorkClaim = Decoded<typeof claimBody>;

/** Signed by the node key. */
export const workClaimKind: SignedKind<WorkClaim> = {
  context: CONTEXT.workClaim,
  body: claimBody,
  title: 'claim of work',
};

export const workWord = record({ sealed: bytes(400), lanes: lanesCodec });
export type WorkWord = Decoded<typeof workWord>;

/** What the hub answers, to the first word and to later ones alike. */
export const workNonce = record({ nonce: fixed(32) });

/** Of work that is not done yet. */
export const NO_ANSWER: Uint8Array = new Uint8Array(32);

export function workAnswer(lanes: WorkLane[], hash: Signatures['hash']): Uint8Array {
  return hash(encode(lanesCodec, lanes));
}
