import fc from 'fast-check';
import nacl from 'tweetnacl';
import { describe, expect, it } from 'vitest';
import { concat } from '../bytes.ts';
import { seededRandom } from '../fixtures/random.ts';
import { nodeCrypto } from './node.ts';
import { portableCrypto } from './portable.ts';
import { isReducedSignature, isStrongPublicKey } from './strict.ts';

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;
const random = seededRandom('strict');
const key = nodeCrypto.signingKey(random(32));
const message = random(40);
const signature = key.sign(message);

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function agreed(publicKey: Uint8Array, text: Uint8Array, signed: Uint8Array): boolean {
  const verdict = nodeCrypto.verify(publicKey, text, signed);
  expect(portableCrypto.verify(publicKey, text, signed)).toBe(verdict);
  expect(nodeCrypto.verifier(publicKey)(text, signed)).toBe(verdict);
  return verdict;
}

/** y of the points of order 1, 2, 4 and 8. */
const Y = [
  1n,
  P - 1n,
  0n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  P - 2707385501144840649318225287225658788936804267575313519463743609750303402022n,
];
/** Both sign bits, and y + p where that still fits 255 bits. */
const smallOrder = Y.flatMap((y) => [y, y + P])
  .filter((y) => y < 2n ** 255n)
  .flatMap((y) => [littleEndian(y), littleEndian(y + 2n ** 255n)]);

describe('a public key of small order', () => {
  it('has fourteen encodings, and both implementations refuse each', () => {
    expect(smallOrder.length).toBe(14);
    for (const point of smallOrder) {
      expect(isStrongPublicKey(point)).toBe(false);
      expect(agreed(point, message, signature)).toBe(false);
    }
  });

  it('would let one signature fit every message, if tweetnacl were asked alone', () => {
    const identity = littleEndian(1n);
    const universal = concat(identity, new Uint8Array(32));
    for (const text of [message, random(9), new Uint8Array(0)]) {
      expect(nacl.sign.detached.verify(text, universal, identity)).toBe(true);
      expect(agreed(identity, text, universal)).toBe(false);
    }
  });
});

describe('a public key', () => {
  it('that is not canonical is refused: y from p to 2^255 - 1, both signs', () => {
    for (let excess = 0n; excess < 19n; excess += 1n)
      for (const sign of [0n, 2n ** 255n]) {
        const point = littleEndian(P + excess + sign);
        expect(isStrongPublicKey(point)).toBe(false);
        expect(agreed(point, message, signature)).toBe(false);
      }
  });

  it('with the largest canonical y but one is not refused for its form', () => {
    expect(isStrongPublicKey(littleEndian(P - 2n))).toBe(true);
    expect(isStrongPublicKey(littleEndian(2n))).toBe(true);
  });

  it('off the curve verifies nothing, and nothing throws', () => {
    let off = 0;
    for (let y = 2n; y < 40n; y += 1n) if (!agreed(littleEndian(y), message, signature)) off += 1;
    expect(off).toBe(38);
  });

  it.each([0, 31, 33, 64])('of %i bytes is refused', (length) => {
    expect(isStrongPublicKey(new Uint8Array(length).fill(9))).toBe(false);
    expect(agreed(new Uint8Array(length).fill(9), message, signature)).toBe(false);
  });

  it('of a real signer is accepted', () => {
    expect(isStrongPublicKey(key.publicKey)).toBe(true);
    expect(agreed(key.publicKey, message, signature)).toBe(true);
  });
});

describe('a signature', () => {
  it('whose S was raised by L is refused, though tweetnacl alone takes it', () => {
    const raised = concat(signature.subarray(0, 32), littleEndian(toNumber(signature.subarray(32)) + L));
    expect(nacl.sign.detached.verify(message, raised, key.publicKey)).toBe(true);
    expect(isReducedSignature(raised)).toBe(false);
    expect(agreed(key.publicKey, message, raised)).toBe(false);
  });

  it.each([
    ['L - 1', L - 1n, true],
    ['L', L, false],
    ['L + 1', L + 1n, false],
    ['2^252', 2n ** 252n, true],
    ['2^253', 2n ** 253n, false],
    ['2^256 - 1', 2n ** 256n - 1n, false],
  ])('is reduced below L only: S = %s', (_, s, reduced) => {
    const made = concat(signature.subarray(0, 32), littleEndian(s));
    expect(isReducedSignature(made)).toBe(reduced);
    expect(agreed(key.publicKey, message, made)).toBe(false);
  });

  it('whose R is of small order, or not canonical, is refused in every encoding', () => {
    const others = [littleEndian(P + 3n), littleEndian(P + 3n + 2n ** 255n)];
    for (const r of [...smallOrder, ...others]) {
      const made = concat(r, signature.subarray(32));
      expect(isReducedSignature(made)).toBe(false);
      expect(agreed(key.publicKey, message, made)).toBe(false);
    }
  });

  it.each([0, 63, 65, 128])('of %i bytes is refused', (length) => {
    expect(agreed(key.publicKey, message, new Uint8Array(length))).toBe(false);
  });

  it('holds for its own message alone, and both implementations say so for any mutation', () => {
    const part = fc.constantFrom('key', 'message', 'signature');
    fc.assert(
      fc.property(part, fc.nat(), fc.integer({ min: 1, max: 255 }), (which, at, change) => {
        const parts = { key: key.publicKey.slice(), message: message.slice(), signature: signature.slice() };
        const target = parts[which];
        target[at % target.length]! ^= change;
        expect(agreed(parts.key, parts.message, parts.signature)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it('is made alike by both', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array(), (seed, text) => {
        const [a, b] = [nodeCrypto.signingKey(seed), portableCrypto.signingKey(seed)];
        expect(a.publicKey).toEqual(b.publicKey);
        expect(a.sign(text)).toEqual(b.sign(text));
      }),
      { numRuns: 15 },
    );
  });
});
