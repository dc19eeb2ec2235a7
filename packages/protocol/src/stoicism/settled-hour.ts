import { MINUTES_MASK } from '../evidence/minutes.ts';
import { GATES } from '../evidence/receipt.ts';
import type { SettledReceipt } from '../evidence/settled-receipt.ts';
import { FEE_WHOLE, splitFee, wordPoints } from './points.ts';

const WARM_UP = GATES.indexOf('warm-up');

export interface SettledWords {
  /** No gate failed. */
  readonly paid: bigint;
  /** Only the warm-up failed. */
  readonly pending: bigint;
}

/** What is worth something of a receipt's minutes: it follows from its words, so it does not stand in it. */
export function settledWords({
  minutes,
  unjudged,
  gateFailures,
}: Pick<SettledReceipt, 'minutes' | 'unjudged' | 'gateFailures'>): SettledWords {
  const barred = gateFailures.reduce((all, word, gate) => (gate === WARM_UP ? all : all | word), unjudged);
  const warming = gateFailures[WARM_UP] ?? 0n;
  const open = minutes & ~barred & MINUTES_MASK;
  return { paid: open & ~warming, pending: open & warming };
}

/** Units of 1e-12. */
export interface SettledPoints {
  readonly points: bigint;
  readonly pendingPoints: bigint;
  readonly feePoints: bigint;
  readonly pendingFeePoints: bigint;
}

/** What the receipt's own minutes, score and fee come to. A fee of more than all is all. */
export function settledPoints(receipt: SettledReceipt): SettledPoints {
  const { paid, pending } = settledWords(receipt);
  const permille1 = Math.min(receipt.fee?.permille1 ?? 0, FEE_WHOLE);
  const share = (word: bigint) =>
    receipt.account === ''
      ? { rest: 0n, fee: 0n }
      : splitFee(wordPoints(word, receipt.microScore), permille1);
  const [now, later] = [share(paid), share(pending)];
  return {
    ...{ points: now.rest, feePoints: now.fee },
    ...{ pendingPoints: later.rest, pendingFeePoints: later.fee },
  };
}

/** What the receipt says of them. */
export function statedPoints({ points, pendingPoints, fee }: SettledReceipt): SettledPoints {
  const { points: feePoints = 0n, pendingPoints: pendingFeePoints = 0n } = fee ?? {};
  return { points, pendingPoints, feePoints, pendingFeePoints };
}
