import { createHash } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ArchiveReader } from '@stoa/protocol/archive';
import type { VerifiedInput } from '#root/act.ts';
import { RefusalError } from '#root/refusal.ts';

/**
 * The plain archive inside of what comes in, while its hash is taken. What is read of it counts only once `proven` has
 * been asked after the end.
 */
export class InputProof {
  readonly plain: AsyncIterable<Uint8Array>;
  readonly #expected: VerifiedInput;
  readonly #hash = createHash('sha256');
  #whole = false;

  constructor(source: AsyncIterable<Uint8Array>, expected: VerifiedInput) {
    this.#expected = expected;
    const hashed = this.#hashed(source);
    const { contentKey } = expected;
    this.plain = unpacked(contentKey === undefined ? hashed : new ArchiveReader(contentKey).plain(hashed));
  }

  /** @throws RefusalError `root_unproven_data` unless all of it came and has the hash that was ordered. */
  demand(): void {
    const sha256 = this.#whole ? this.#hash.digest('hex') : 'cut before its end';
    if (sha256 !== this.#expected.sha256)
      throw new RefusalError(
        'root_unproven_data',
        `the archive is ${sha256}, ${this.#expected.sha256} was ordered`,
      );
  }

  async *#hashed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#hash.update(chunk);
      yield chunk;
    }
    this.#whole = true;
  }
}

const MAGIC: readonly (readonly [magic: readonly number[], open: () => NodeJS.ReadWriteStream])[] = [
  [[0x28, 0xb5, 0x2f, 0xfd], () => createZstdDecompress()],
  [[0x1f, 0x8b], () => createGunzip()],
];

/** By its first bytes: zstd, gzip, or as it is. */
async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  while (head.length < 4) {
    const { done, value } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const rest = { [Symbol.asyncIterator]: () => chunks };
  const found = MAGIC.find(([magic]) => magic.every((byte, index) => head[index] === byte));
  const through = found === undefined ? new PassThrough() : found[1]();
  const feeding = feed(through, head, rest);
  // Told by the reading below; without a handler of its own it would count as nobody's.
  feeding.catch(() => undefined);
  yield* through as unknown as AsyncIterable<Uint8Array>;
  await feeding;
}

async function feed(
  to: NodeJS.ReadWriteStream,
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    for await (const chunk of prepended(head, rest)) {
      if (!to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve));
    }
    to.end();
  } catch (error) {
    (to as Readable & NodeJS.ReadWriteStream).destroy(error as Error);
    throw error;
  }
}

async function* prepended(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* rest;
}
