/**
 * A stream sealed by a passphrase or a key file (STREAM of Hoang, Reyhanitabar, Rogaway, Vizár 2015, as age has it): chunks
 * under AES-256-GCM, the nonce a counter and a mark of the last one. A chunk that was changed, moved, repeated or left out
 * does not open, and an end without the mark is none.
 *
 *   head    one line of JSON: how the key is derived
 *   chunks  64 KiB each, the last one shorter or equal, each followed by its tag of 16 bytes
 */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { BackupError } from './error.ts';
import { type Derivation, derive, parseHead, type SealSecret } from './seal-key.ts';

const CHUNK = 64 * 1024;
const TAG = 16;
const SEALED_CHUNK = CHUNK + TAG;
/** Far longer than any head. */
const MAX_HEAD = 1_024;
const NEWLINE = 0x0a;

export async function* seal(
  plain: AsyncIterable<Uint8Array>,
  by: { secret: SealSecret; random: (bytes: number) => Uint8Array; cost?: Derivation['cost'] },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, key } = await derive(by.secret, by);
  yield Buffer.from(`${head}\n`);
  let counter = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of inChunks(plain, CHUNK)) {
    if (held !== undefined) yield sealChunk(key, counter++, { plain: held, last: false });
    held = chunk;
  }
  yield sealChunk(key, counter, { plain: held ?? new Uint8Array(), last: true });
}

/** @throws BackupError `not_a_backup`, `backup_locked`, `backup_damaged`; what came before is authentic, but may be cut short. */
export async function* open(
  sealed: AsyncIterable<Uint8Array>,
  secret: SealSecret,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, rest } = await takeHead(sealed);
  const { key } = await parseHead(head, secret);
  let counter = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of inChunks(rest, SEALED_CHUNK)) {
    if (held !== undefined) yield openChunk(key, counter++, { sealed: held, last: false });
    held = chunk;
  }
  yield openChunk(key, counter, { sealed: held ?? new Uint8Array(), last: true });
}

/** The counter in eleven bytes, then whether the stream ends with this chunk. */
function nonceOf(counter: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(counter, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function sealChunk(key: Uint8Array, counter: number, chunk: { plain: Uint8Array; last: boolean }): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(counter, chunk.last));
  return Buffer.concat([cipher.update(chunk.plain), cipher.final(), cipher.getAuthTag()]);
}

function openChunk(key: Uint8Array, counter: number, chunk: { sealed: Uint8Array; last: boolean }): Buffer {
  const { sealed, last } = chunk;
  if (sealed.length < TAG) throw damaged(counter, new RangeError(`${sealed.length} bytes are no chunk`));
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(counter, last), { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG)), decipher.final()]);
  } catch (cause) {
    throw counter === 0 ? locked(cause) : damaged(counter, cause);
  }
}

function locked(cause: unknown): BackupError {
  return new BackupError(
    'backup_locked',
    'the backup does not open: the passphrase or key file is another one, or its beginning was changed',
    { cause },
  );
}

function damaged(counter: number, cause: unknown): BackupError {
  return new BackupError(
    'backup_damaged',
    `the backup was changed or cut short after ${counter * CHUNK} bytes of what it holds: take another copy`,
    { cause },
  );
}

/** Pieces of exactly `size` bytes; the last may be shorter, and there is none of an empty stream. */
async function* inChunks(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const piece of bytes) {
    held.push(piece);
    length += piece.length;
    if (length < size) continue;
    const all = Buffer.concat(held);
    let start = 0;
    while (all.length - start >= size) {
      yield all.subarray(start, start + size);
      start += size;
    }
    held = [all.subarray(start)];
    length = all.length - start;
  }
  if (length > 0) yield Buffer.concat(held);
}

async function takeHead(
  sealed: AsyncIterable<Uint8Array>,
): Promise<{ head: string; rest: AsyncIterable<Uint8Array> }> {
  const pieces = sealed[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  let end = -1;
  while (end < 0 && held.length <= MAX_HEAD) {
    const next = await pieces.next();
    if (next.done) break;
    held = Buffer.concat([held, next.value]);
    end = held.indexOf(NEWLINE);
  }
  if (end < 0 || end > MAX_HEAD)
    throw new BackupError('not_a_backup', 'the file does not begin as a backup of this hub does');
  const rest = async function* () {
    yield held.subarray(end + 1);
    yield* { [Symbol.asyncIterator]: () => pieces };
  };
  return { head: held.subarray(0, end).toString('utf8'), rest: rest() };
}
