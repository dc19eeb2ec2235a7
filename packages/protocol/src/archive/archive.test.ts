import fc from 'fast-check';
import nacl from 'tweetnacl';
import { describe, expect, it } from 'vitest';
import { concat } from '../bytes.ts';
import { nodeCrypto } from '../crypto/node.ts';
import {
  ArchiveReader,
  exchangePublicKey,
  exchangeSecret,
  formatHeader,
  openHeader,
  parseHeader,
  sealHeader,
  sealPieces,
} from './index.ts';

const seed = (name: string) => nodeCrypto.hash(new TextEncoder().encode(name));
const [owner, node] = [seed('owner'), seed('node')];
const keyOf = (secret: Uint8Array) => nodeCrypto.signingKey(secret).publicKey;

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concat(...parts);
}

let draws = 0;
const random = (count: number) => {
  draws += 1;
  return seed(`draw ${draws}`).subarray(0, count);
};

function headerFor(contentKey: Uint8Array, pieceBytes: number) {
  return sealHeader({
    contentKey,
    recipients: [keyOf(owner), keyOf(node)],
    snapshot: '17',
    node: keyOf(node),
    pieceBytes,
    random,
  });
}

const bytes = (max: number) => fc.uint8Array({ minLength: 0, maxLength: max });
const size = fc.integer({ min: 1, max: 40 });

describe('the exchange key of a signing key', () => {
  it('is the public half of its own secret, for both implementations', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (secret) => {
        const derived = exchangePublicKey(keyOf(secret));
        expect(derived).toEqual(nodeCrypto.exchangeKey(exchangeSecret(secret)).publicKey);
        expect(derived).toEqual(nacl.scalarMult.base(exchangeSecret(secret)));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a sealed archive', () => {
  it('opens for each of its recipients, however it is cut into chunks and pieces', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(200), size, size, size, async (plain, pieceBytes, inSize, outSize) => {
        const contentKey = random(32);
        const header = headerFor(contentKey, pieceBytes);
        const sealed = concat(
          formatHeader(header),
          await all(sealPieces(chunksOf(plain, inSize), { contentKey, header })),
        );
        for (const secret of [owner, node]) {
          const reader = new ArchiveReader((found) => openHeader(found, secret));
          expect(await all(reader.plain(chunksOf(sealed, outSize)))).toEqual(plain);
        }
        expect(() => openHeader(parseHeader(formatHeader(header)), seed('hub'))).toThrow(
          /not sealed to the key/,
        );
      }),
    );
  });

  it('can be gone on with at any piece', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(200), size, fc.nat(300), async (plain, pieceBytes, cutAt) => {
        const contentKey = random(32);
        const header = headerFor(contentKey, pieceBytes);
        const by = { contentKey, header };
        const whole = await all(sealPieces(chunksOf(plain, 7), by));
        const from = Math.floor(Math.min(cutAt, whole.length) / (pieceBytes + 16));
        const rest = await all(sealPieces(chunksOf(plain, 7), { ...by, from }));
        expect(concat(whole.subarray(0, from * (pieceBytes + 16)), rest)).toEqual(whole);
      }),
    );
  });

  it('is refused with one bit changed, cut or with pieces exchanged', async () => {
    const contentKey = random(32);
    const header = headerFor(contentKey, 10);
    const head = formatHeader(header);
    const sealed = concat(
      head,
      await all(sealPieces(chunksOf(new Uint8Array(55), 9), { contentKey, header })),
    );
    const reads = (changed: Uint8Array) => all(new ArchiveReader(contentKey).plain(chunksOf(changed, 1000)));
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.nat(7), async (at, bit) => {
        const changed = Uint8Array.from(sealed);
        changed[at]! ^= 1 << bit;
        await expect(reads(changed)).rejects.toThrow(/archive|bytes|text|pieces|list|length/);
        await expect(reads(sealed.subarray(0, at))).rejects.toThrow(/cut|damaged|archive/);
      }),
      { numRuns: 60 },
    );
    const piece = (index: number) =>
      sealed.subarray(head.length + index * 26, head.length + (index + 1) * 26);
    await expect(reads(concat(head, piece(1), piece(0), sealed.subarray(head.length + 52)))).rejects.toThrow(
      /piece 0/,
    );
  });
});
