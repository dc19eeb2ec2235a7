import { fromHex } from '@stoa/protocol';
import type { HubGap, Standing } from '@stoa/protocol/stoicism';
import { STORED_WITHIN } from './gap-rule.ts';
import type { StoredWord } from './word-store.ts';

const WARM_UP = 3;

/**
 * How a node stood when the gap began: the first minutes of one may have been judged and stored yet. Of a gap that is
 * shorter than those, never what came after it.
 */
export function standingBefore({ from, until }: HubGap, words: readonly StoredWord[]): Standing | undefined {
  for (let minute = Math.min(from + STORED_WITHIN, until - 1); minute >= from - 1; minute -= 1) {
    const standing = standingAt(words, minute);
    if (standing !== undefined) return standing;
  }
  return undefined;
}

/** How it stood when it was back. */
export function standingAfter({ until }: HubGap, words: readonly StoredWord[]): Standing | undefined {
  for (let minute = until; minute <= until + STORED_WITHIN; minute += 1) {
    const standing = standingAt(words, minute);
    if (standing !== undefined) return standing;
  }
  return undefined;
}

/** As the latest session judged it. */
function standingAt(words: readonly StoredWord[], minute: number): Standing | undefined {
  const hubHour = Math.floor(minute / 60);
  const bit = 1n << BigInt(minute - hubHour * 60);
  const word = words
    .filter((one) => one.hubHour === hubHour && (one.judged & bit) !== 0n)
    .reduce<StoredWord | undefined>((a, b) => (a !== undefined && a.epoch > b.epoch ? a : b), undefined);
  if (word === undefined) return undefined;
  const failed = word.failures.flatMap((failures, gate) => ((failures & bit) === 0n ? [] : [gate]));
  const isWarming = failed.length === 1 && failed[0] === WARM_UP;
  const bootId = fromHex(word.bootId);
  return { is: failed.length === 0 ? 'eligible' : isWarming ? 'warming' : 'failing', bootId };
}
