import { CONTEXT, concat, fromHex, signIn } from '@stoa/protocol';
import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Json, toJson } from '../../test/kit/vector-json.ts';
import {
  add,
  BASE,
  challenge,
  encodePoint,
  fromLittleEndian,
  IDENTITY,
  L,
  littleEndian,
  multiply,
  type Point,
  pointAt,
  sha512,
  TORSION,
} from './edwards.ts';

interface Case {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly valid: boolean;
}

const random = seededRandom('vectors: signatures');
const seed = random(32);
const key = nodeCrypto.signingKey(seed);
/** The secret scalar of the key (RFC 8032 §5.1.5), to make what an honest signer does not. */
const scalar = clamp(sha512(seed).subarray(0, 32));
const message = new TextEncoder().encode('the hub acknowledged this minute');
const good = key.sign(message);
const [goodR, goodS] = [good.subarray(0, 32), good.subarray(32)];

function clamp(bytes: Uint8Array): bigint {
  const clamped = bytes.slice();
  clamped[0]! &= 248;
  clamped[31] = (clamped[31]! & 127) | 64;
  return fromLittleEndian(clamped);
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}

/** Base case: everything right. */
function one(name: string, valid: boolean, change: Partial<Case> = {}): Case {
  return { name, publicKey: key.publicKey, message, signature: good, valid, ...change };
}

function withS(s: bigint): Uint8Array {
  return concat(goodR, littleEndian(s));
}

function honest(): Case[] {
  // RFC 8032 §7.1, TEST 1: the key from outside, the signature made here.
  const rfc = nodeCrypto.signingKey(
    fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
  );
  const nothing = new Uint8Array(0);
  return [
    {
      name: 'RFC 8032 TEST 1',
      publicKey: rfc.publicKey,
      message: nothing,
      signature: rfc.sign(nothing),
      valid: true,
    },
    ...[0, 1, 31, 64, 300].map((length) => {
      const text = random(length);
      return one(`a message of ${length} bytes`, true, { message: text, signature: key.sign(text) });
    }),
    one('another message', false, { message: concat(message, Uint8Array.of(0)) }),
    one('another key', false, { publicKey: nodeCrypto.signingKey(random(32)).publicKey }),
  ];
}

function damaged(): Case[] {
  return [
    ...[0, 7, 128, 255].map((bit) => one(`R with bit ${bit} flipped`, false, { signature: flip(good, bit) })),
    ...[256, 263, 400, 507].map((bit) =>
      one(`S with bit ${bit - 256} flipped`, false, { signature: flip(good, bit) }),
    ),
    ...[0, 100, 254, 255].map((bit) =>
      one(`the key with bit ${bit} flipped`, false, { publicKey: flip(key.publicKey, bit) }),
    ),
    one('the message with one bit flipped', false, { message: flip(message, 9) }),
    one('R and S exchanged', false, { signature: concat(goodS, goodR) }),
    one('R and S negated in place', false, { signature: withS(L - fromLittleEndian(goodS)) }),
    one('zero', false, { signature: new Uint8Array(64) }),
    one('all ones', false, { signature: new Uint8Array(64).fill(255) }),
    one('cut by one byte', false, { signature: good.slice(0, 63) }),
    one('one byte longer', false, { signature: concat(good, Uint8Array.of(0)) }),
    one('nothing', false, { signature: new Uint8Array(0) }),
  ];
}

function unreduced(): Case[] {
  const s = fromLittleEndian(goodS);
  return [
    one('S + L (a second signature, if it held)', false, { signature: withS(s + L) }),
    one('S + 2 L', false, { signature: withS(s + 2n * L) }),
    one('S + 8 L', false, { signature: withS(s + 8n * L) }),
    one('S = L', false, { signature: withS(L) }),
    one('S = L - 1', false, { signature: withS(L - 1n) }),
    one('S = 0', false, { signature: withS(0n) }),
    one('S with the three top bits set', false, { signature: withS(s | (7n << 253n)) }),
  ];
}

/** Keys of small order, in each of their fourteen encodings, under the signature that would fit every message. */
function smallOrderKeys(): Case[] {
  const points = Array.from({ length: 8 }, (_, i) => multiply(BigInt(i), TORSION));
  const ys = [...new Set(points.map(({ y }) => y))].toSorted((a, b) => (a < b ? -1 : 1));
  const fits = (y: bigint) => y < 19n;
  const encodings = ys.flatMap((y) =>
    [false, true].flatMap((excess) =>
      excess && !fits(y)
        ? []
        : [false, true].map((sign) => {
            const encoded = encodePoint({ x: 0n, y }, excess);
            return sign ? flip(encoded, 255) : encoded;
          }),
    ),
  );
  const universal = concat(encodePoint(IDENTITY), new Uint8Array(32));
  return encodings.map((publicKey, i) =>
    one(`a key of small order, encoding ${i + 1} of ${encodings.length}`, false, {
      publicKey,
      signature: universal,
    }),
  );
}

/** R of small order under a key of mixed order, where the equation holds: libraries disagree, we refuse. */
function smallOrderR(): Case[] {
  const a = encodePoint(add(multiply(scalar, BASE), TORSION));
  const cases = Array.from({ length: 8 }, (_, order) => {
    const encodedR = encodePoint(multiply(BigInt(order), TORSION));
    for (let n = 0; ; n += 1) {
      const text = new TextEncoder().encode(`minute ${n}`);
      const h = challenge(encodedR, a, text);
      // S B - h A = h a B - h (a B + T) = -h T, which is R where h = -order modulo 8.
      if ((h + BigInt(order)) % 8n === 0n)
        return { publicKey: a, message: text, signature: concat(encodedR, littleEndian((h * scalar) % L)) };
    }
  });
  return cases.map((made, i) => one(`R is ${i} times the point of order 8, the equation holds`, false, made));
}

/** Keys with a part of small order: the holder of the scalar can choose whether a verifier that multiplies by 8 agrees. */
function mixedOrderKeys(): Case[] {
  const a = encodePoint(add(multiply(scalar, BASE), TORSION));
  const make = (wanted: (h: bigint) => boolean) => {
    for (let r = 1n; ; r += 1n) {
      const encodedR = encodePoint(multiply(r, BASE));
      const h = challenge(encodedR, a, message);
      if (wanted(h)) return concat(encodedR, littleEndian((r + h * scalar) % L));
    }
  };
  return [
    one('a key of mixed order, where both equations hold', true, {
      publicKey: a,
      signature: make((h) => h % 8n === 0n),
    }),
    one('a key of mixed order, where only the equation times 8 holds', false, {
      publicKey: a,
      signature: make((h) => h % 8n !== 0n),
    }),
  ];
}

function unusualR(): Case[] {
  const signed = (point: Point, r: bigint, excess = false) => {
    const encoded = encodePoint(point, excess);
    const h = challenge(encoded, key.publicKey, message);
    return concat(encoded, littleEndian((r + h * scalar) % L));
  };
  return [
    one('R is the neutral element, though the equation holds', false, { signature: signed(IDENTITY, 0n) }),
    one('R is the neutral element, not canonical', false, { signature: signed(IDENTITY, 0n, true) }),
    one('R has order 8: only the equation times 8 holds', false, { signature: signed(TORSION, 0n) }),
    one('R has a part of order 8', false, { signature: signed(add(multiply(5n, BASE), TORSION), 5n) }),
    one('R is off the curve', false, { signature: concat(offCurve(), goodS) }),
  ];
}

function offCurve(): Uint8Array {
  for (let y = 2n; ; y += 1n) if (pointAt(y, false) === undefined) return littleEndian(y);
}

function unusualKeys(): Case[] {
  const P = 2n ** 255n - 19n;
  const canonical = Array.from({ length: 17 }, (_, i) => BigInt(i + 2)).filter((y) => pointAt(y, false));
  return [
    one('a key off the curve', false, { publicKey: offCurve() }),
    ...canonical
      .slice(0, 3)
      .map((y) => one(`a key with y = p + ${y}: not canonical`, false, { publicKey: littleEndian(y + P) })),
    one('a key of 31 bytes', false, { publicKey: key.publicKey.slice(0, 31) }),
    one('a key of 33 bytes', false, { publicKey: concat(key.publicKey, Uint8Array.of(0)) }),
    one('an empty key', false, { publicKey: new Uint8Array(0) }),
  ];
}

/** One message signed in each context: every signature holds in its own only. */
function contexts(): Json {
  return Object.values(CONTEXT).map((context) =>
    toJson({ context, signature: signIn(context, key, message) }),
  );
}

export function signatureVectors(): Json {
  const cases = [
    ...honest(),
    ...damaged(),
    ...unreduced(),
    ...smallOrderKeys(),
    ...mixedOrderKeys(),
    ...smallOrderR(),
    ...unusualR(),
    ...unusualKeys(),
  ];
  return {
    about:
      'Strict Ed25519: valid says what every implementation must answer. In a context, what is signed is: context, a zero byte, message.',
    seed: toJson(seed),
    publicKey: toJson(key.publicKey),
    message: toJson(message),
    cases: cases.map(toJson),
    contexts: contexts(),
  };
}
