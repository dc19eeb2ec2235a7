import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** Longer than any line of an export: what goes beyond is none. */
const MAX_LINE = 4 * 1024 * 1024;

export interface Line {
  readonly text: string;
  /** As it stands in the file, with its end. */
  readonly bytes: Uint8Array;
  /** Whether the file ended within it. */
  readonly cut: boolean;
}

/** The lines of an export: of JSON lines, or of those in gzip. @throws what is wrong with the gzip, or `RangeError`. */
export async function* exportLines(file: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void, undefined> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of unzipped(file)) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    let start = 0;
    for (let end = held.indexOf(0x0a); end >= 0; end = held.indexOf(0x0a, start)) {
      yield toLine(held.subarray(start, end + 1), false);
      start = end + 1;
    }
    held = held.subarray(start);
    if (held.length > MAX_LINE) throw new RangeError(`a line is longer than ${MAX_LINE} bytes`);
  }
  if (held.length > 0) yield toLine(held, true);
}

function toLine(bytes: Buffer, cut: boolean): Line {
  return { bytes, cut, text: bytes.subarray(0, cut ? bytes.length : -1).toString('utf8') };
}

async function* unzipped(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = file[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const all = async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  };
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
    yield* all();
    return;
  }
  const gunzip = createGunzip();
  // The gunzip itself throws below what is wrong with its input; what it does not, is of the file.
  const feeding = pipeline(all, gunzip).then(
    () => undefined,
    (error: unknown) => error,
  );
  yield* gunzip as AsyncIterable<Uint8Array>;
  const failure = await feeding;
  if (failure !== undefined) throw failure;
}
