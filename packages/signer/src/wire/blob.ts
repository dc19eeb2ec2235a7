import { bytes, type Codec, concat, list } from '@stoa/protocol';

const PIECE_BYTES = 0xffff;

/** Up to `max` bytes, also past the 16 bits of a length: written in full pieces and a rest, so that one value has one form. */
export function blob(max: number): Codec<Uint8Array> {
  if (max <= PIECE_BYTES) return bytes(max);
  const pieces = list(bytes(PIECE_BYTES), Math.ceil(max / PIECE_BYTES));
  return {
    shape: pieces.shape,
    write(writer, value) {
      if (value.length > max) throw new RangeError(`${value.length} bytes are past the bound of ${max}`);
      pieces.write(writer, cut(value));
    },
    read: (reader) => concat(...pieces.read(reader)),
  };
}

function cut(value: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < value.length; at += PIECE_BYTES) pieces.push(value.subarray(at, at + PIECE_BYTES));
  return pieces;
}
