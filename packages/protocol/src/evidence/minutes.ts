import { type Codec, word64 } from '../codec/codec.ts';
import { ProtocolError } from '../errors.ts';

/** Minutes 0 to 59 of an hour as bits; the four highest are always 0. */
export const MINUTES_MASK: bigint = (1n << 60n) - 1n;

/** A word of minutes. A bit past the hour's last minute is refused: no count of bits may ever exceed 60. */
export const minuteWord: Codec<bigint> = {
  write(writer, value) {
    if (value < 0n || value > MINUTES_MASK) throw new RangeError(`${value} marks minutes past the 59th`);
    word64.write(writer, value);
  },
  read(reader) {
    const value = word64.read(reader);
    if (value > MINUTES_MASK) throw new ProtocolError('malformed', 'a word marks minutes past the 59th');
    return value;
  },
};
