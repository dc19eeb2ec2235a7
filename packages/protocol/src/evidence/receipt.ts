import { type Decoded, fixed, list, record, text, u16, u32 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { SignedKind } from '../signed.ts';
import { minuteWord } from './minutes.ts';

/** The seven gates of Stoicism, in the order of a receipt's reason words. */
export const GATES = ['account', 'benchmark', 'tip', 'warm-up', 'commitment', 'argv', 'serving'] as const;

const receiptBody = record({
  /** `hash` of the sealed checkpoint that this answers. */
  checkpoint: fixed(32),
  nodeId: fixed(32),
  hubHour: u32,
  /** The minutes that both sides sign. */
  minutes: minuteWord,
  /** A word a gate, in the order of `GATES`: the minutes that failed it. Empty while no gates are evaluated. */
  gateFailures: list(minuteWord, GATES.length),
  /** `hash` of each piece of evidence: verified head, score breakdown, argv, disk, dial-back. */
  evidence: list(fixed(32), 8),
  /** Of the score that the hour counts by; 0: the node had none. */
  scoreVersion: u32,
  /** Id of the account that the hour is paid to (`payouts/`: never a person); empty: none was named, and it earns nothing. */
  account: text(320),
  /** 0 for the first; a late word or an adjustment opens the next. */
  revision: u16,
});
export type Receipt = Decoded<typeof receiptBody>;

/** Signed by a hub instance. */
export const receiptKind: SignedKind<Receipt> = {
  context: CONTEXT.receipt,
  body: receiptBody,
  title: 'receipt',
};
