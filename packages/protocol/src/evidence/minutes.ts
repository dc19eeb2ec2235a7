import { type Codec, word } from '../codec/codec.ts';

/** Minutes 0 to 59 of an hour as bits; the four highest are always 0. */
export const MINUTES_MASK: bigint = (1n << 60n) - 1n;

/** A word of minutes. A bit past the hour's last minute is refused: no count of bits may ever exceed 60. */
export const minuteWord: Codec<bigint> = word(MINUTES_MASK);
