import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import {
  type ArchiveHeader,
  formatHeader,
  HEADER_PREFIX_BYTES,
  headerLength,
  parseHeader,
} from './header.ts';

/** Plain bytes in a piece of an archive, unless its header says otherwise. */
export const PIECE_BYTES: number = 1024 * 1024;
export const TAG_BYTES = 16;
const MOST_PIECE_BYTES = 16 * 1024 * 1024;

/**
 * Pieces are sealed one by one, each by its number and by whether it is the last: so none can be left out, moved, or cut
 * off at the end, and an archive can be gone on with at any piece.
 */
function nonceOf(index: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(3, BigInt(index));
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function sealPiece(
  key: Uint8Array,
  header: Uint8Array,
  plain: Uint8Array,
  at: { index: number; last: boolean },
): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(at.index, at.last));
  cipher.setAAD(header);
  return concat(cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

function openPiece(
  key: Uint8Array,
  header: Uint8Array,
  piece: Uint8Array,
  at: { index: number; last: boolean },
): Uint8Array {
  if (piece.length < TAG_BYTES)
    throw new ProtocolError('malformed', `piece ${at.index} of the archive is cut`);
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(at.index, at.last));
  decipher.setAAD(header);
  decipher.setAuthTag(piece.subarray(-TAG_BYTES));
  try {
    return concat(decipher.update(piece.subarray(0, -TAG_BYTES)), decipher.final());
  } catch (cause) {
    throw new ProtocolError('bad_tag', `piece ${at.index} of the archive is damaged, moved or cut`, {
      cause,
    });
  }
}

/**
 * The sealed pieces of a plain stream, without the header.
 * @param from number of pieces that exist already: that many are passed over in `plain`.
 */
export async function* sealPieces(
  plain: AsyncIterable<Uint8Array>,
  { contentKey, header, from = 0 }: { contentKey: Uint8Array; header: ArchiveHeader; from?: number },
): AsyncGenerator<Uint8Array> {
  const head = formatHeader(header);
  let index = 0;
  for await (const { bytes, last } of cut(plain, header.pieceBytes)) {
    if (index >= from) yield sealPiece(contentKey, head, bytes, { index, last });
    index += 1;
  }
}

/** Reads what `formatHeader` and `sealPieces` wrote. */
export class ArchiveReader {
  readonly #keyOf: (header: ArchiveHeader) => Uint8Array;

  /** @param key the content key, or what finds it by the header. */
  constructor(key: Uint8Array | ((header: ArchiveHeader) => Uint8Array)) {
    this.#keyOf = key instanceof Uint8Array ? () => key : key;
  }

  /** @throws ProtocolError `malformed`, `bad_tag`: what was yielded before stands, and is not all. */
  async *plain(sealed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const source = new Reader(sealed);
    const prefix = await source.take(HEADER_PREFIX_BYTES);
    const head = concat(prefix, await source.take(headerLength(prefix) - prefix.length));
    const header = parseHeader(head);
    if (header.pieceBytes < 1 || header.pieceBytes > MOST_PIECE_BYTES)
      throw new ProtocolError('malformed', `pieces of ${header.pieceBytes} bytes`);
    const key = this.#keyOf(header);
    let index = 0;
    for await (const { bytes, last } of cut(source.rest(), header.pieceBytes + TAG_BYTES)) {
      yield openPiece(key, head, bytes, { index, last });
      index += 1;
    }
  }
}

/** Pieces of one size; the last is told apart, may be shorter, and is there even for nothing. */
async function* cut(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ bytes: Uint8Array; last: boolean }> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of source) {
    parts.push(chunk);
    held += chunk.length;
    if (held <= size) continue;
    let whole = concat(...parts);
    // More than one piece's bytes: so this one is not the last.
    for (; whole.length > size; whole = whole.subarray(size))
      yield { bytes: whole.subarray(0, size), last: false };
    parts = [whole];
    held = whole.length;
  }
  yield { bytes: concat(...parts), last: true };
}

class Reader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  async take(count: number): Promise<Uint8Array> {
    while (this.#held.length < count) {
      const { done, value } = await this.#chunks.next();
      if (done) throw new ProtocolError('malformed', 'the archive is cut before its first piece');
      this.#held = concat(this.#held, value);
    }
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    yield this.#held;
    yield* { [Symbol.asyncIterator]: () => this.#chunks };
  }
}
