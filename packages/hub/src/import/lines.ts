/** Longer than any row can be. */
export const MAX_LINE = 256 * 1024;
const NEWLINE = 0x0a;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Undefined where it was longer than `MAX_LINE`: such a line is passed over, not held. */
  readonly bytes: Uint8Array | undefined;
}

/** The lines of a file, without their ends; what is held of it is one line and one chunk. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void, undefined> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  const keep = (piece: Uint8Array) => {
    length += piece.length;
    if (length <= MAX_LINE) pieces.push(piece);
    else pieces = [];
  };
  const take = (): Line => {
    const bytes = length <= MAX_LINE ? Buffer.concat(pieces) : undefined;
    pieces = [];
    length = 0;
    return { number: number++, bytes };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) yield take();
}
