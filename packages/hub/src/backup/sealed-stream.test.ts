import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SealSecret } from './seal-key.ts';
import { open, seal } from './sealed-stream.ts';

const CHUNK = 64 * 1024;
const COST = { n: 16, r: 1, p: 1 };
const FILE: SealSecret = { kind: 'key-file', bytes: randomBytes(32) };
const WORDS: SealSecret = { kind: 'scrypt', passphrase: 'a horse that is correct' };

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const held: Uint8Array[] = [];
  for await (const piece of pieces) held.push(piece);
  return Buffer.concat(held);
}

const sealed = (plain: Uint8Array, secret: SealSecret = FILE, piece = 10_000) =>
  all(seal(inPieces(plain, piece), { secret, random: randomBytes, cost: COST }));
const opened = (bytes: Uint8Array, secret: SealSecret = FILE, piece = 9_999) =>
  all(open(inPieces(bytes, piece), secret));

describe('a sealed stream', () => {
  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])(
    'gives back %i bytes',
    async (length) => {
      const plain = randomBytes(length);
      for (const secret of [FILE, WORDS])
        expect((await opened(await sealed(plain, secret), secret)).equals(plain)).toBe(true);
    },
  );

  it('opens with its own secret only, and says that it does not', async () => {
    const bytes = await sealed(Buffer.from('plain'), WORDS);
    const others: SealSecret[] = [{ kind: 'scrypt', passphrase: 'a horse that is not' }, FILE];
    for (const other of others)
      await expect(opened(bytes, other)).rejects.toMatchObject({ code: 'backup_locked' });
    expect(bytes.includes('plain')).toBe(false);
  });

  it('takes no secret that is easy to guess', async () => {
    await expect(sealed(Buffer.alloc(1), { kind: 'scrypt', passphrase: 'short' })).rejects.toMatchObject({
      code: 'weak_passphrase',
    });
    await expect(sealed(Buffer.alloc(1), { kind: 'key-file', bytes: Buffer.alloc(8) })).rejects.toMatchObject(
      { code: 'weak_passphrase' },
    );
  });

  it('does not open with any bit flipped', async () => {
    const bytes = await sealed(randomBytes(2 * CHUNK + 100));
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        await expect(opened(changed)).rejects.toMatchObject({ name: 'BackupError' });
      }),
      { numRuns: 200 },
    );
  });

  it('does not open cut short, lengthened, or with chunks dropped, moved or repeated', async () => {
    const bytes = await sealed(randomBytes(4 * CHUNK));
    const head = bytes.indexOf(0x0a) + 1;
    const chunks = [0, 1, 2, 3].map((i) =>
      bytes.subarray(head + i * (CHUNK + 16), head + (i + 1) * (CHUNK + 16)),
    );
    const place = fc.nat(3);
    const change = fc.oneof(
      fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((more) => Buffer.concat([bytes, more])),
      place.map((at) => Buffer.concat([bytes.subarray(0, head), ...chunks.toSpliced(at, 1)])),
      fc
        .tuple(place, place)
        .map(([from, to]) =>
          Buffer.concat([bytes.subarray(0, head), ...chunks.toSpliced(to, 0, chunks[from]!)]),
        ),
      fc
        .tuple(place, place)
        .map(([from, to]) =>
          Buffer.concat([
            bytes.subarray(0, head),
            ...chunks.toSpliced(from, 1).toSpliced(to, 0, chunks[from]!),
          ]),
        ),
    );
    await fc.assert(
      fc.asyncProperty(change, async (changed) => {
        if (Buffer.from(changed).equals(bytes)) return;
        await expect(opened(changed)).rejects.toMatchObject({ name: 'BackupError' });
      }),
      { numRuns: 150 },
    );
  });

  it('is told from what is none, and asks for no absurd memory', async () => {
    const head = (kdf: object) => Buffer.from(`${JSON.stringify({ format: 'stoa-backup/1', kdf })}\n`);
    const salt = '0'.repeat(64);
    for (const other of [
      Buffer.alloc(0),
      Buffer.from('{}\n'),
      randomBytes(5_000),
      head({ name: 'scrypt', n: 2 ** 24, r: 2 ** 10, p: 1, salt }),
      head({ name: 'scrypt', n: 3, r: 1, p: 1, salt }),
    ])
      await expect(opened(other, WORDS)).rejects.toMatchObject({ code: 'not_a_backup' });
  });
});
