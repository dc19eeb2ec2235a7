import { createHash, createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../bytes.ts';
import { seededRandom } from '../fixtures/random.ts';
import { LIMITS } from '../limits.ts';
import { nodeCrypto } from './node.ts';
import { portableCrypto } from './portable.ts';

const random = seededRandom('crypto');
const both = [
  { name: 'node:crypto', crypto: nodeCrypto },
  { name: 'tweetnacl', crypto: portableCrypto },
];
/** Every u whose multiples by a clamped scalar are zero (RFC 7748 §6.1), non-canonical encodings and the top bit too. */
const SMALL_ORDER_U = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000080',
];
const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('the MAC', () => {
  it('is HMAC-SHA256 cut to 16 bytes, as createHmac makes it', () => {
    fc.assert(
      fc.property(key32, fc.uint8Array({ maxLength: 300 }), fc.nat(300), (key, message, cut) => {
        const length = Math.min(cut, message.length);
        const expected = createHmac('sha256', key)
          .update(message.subarray(0, length))
          .digest()
          .subarray(0, 16);
        expect(Buffer.from(nodeCrypto.mac(key)(message, length))).toEqual(expected);
      }),
    );
  });

  it('keeps the keys of two sessions apart in its shared memory', () => {
    const [a, b] = [nodeCrypto.mac(random(32)), nodeCrypto.mac(random(32))];
    const [long, short] = [random(LIMITS.frameBytes), random(3)];
    const first = a(short);
    expect(b(long)).not.toEqual(a(long));
    expect(a(short)).toEqual(first);
  });

  it('does not follow a key that its owner overwrites', () => {
    const key = random(32);
    const mac = nodeCrypto.mac(key);
    const before = mac(Uint8Array.of(1));
    key.fill(0);
    expect(mac(Uint8Array.of(1))).toEqual(before);
  });

  it('takes no message past a frame', () => {
    expect(() => nodeCrypto.mac(random(32))(new Uint8Array(LIMITS.frameBytes + 1))).toThrow(RangeError);
  });
});

describe('HKDF', () => {
  it('is that of RFC 5869', () => {
    const [secret, salt, info] = [random(32), random(32), random(20)];
    const expected = new Uint8Array(hkdfSync('sha256', secret, salt, info, 96));
    expect(nodeCrypto.hkdf(secret, salt, info, 96)).toEqual(expected);
  });
});

describe.each(both)('$name', ({ crypto }) => {
  it('hashes parts as if joined, SHA-512 cut to 32 bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (parts) => {
        const expected = createHash('sha512').update(Buffer.concat(parts)).digest().subarray(0, 32);
        expect(Buffer.from(crypto.hash(...parts))).toEqual(expected);
      }),
    );
  });

  // RFC 8032 §7.1, TEST 2 and 3.
  it.each([
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])('signs as RFC 8032 does: seed %s', (seed, publicKey, message, signature) => {
    const key = crypto.signingKey(fromHex(seed));
    expect(key.publicKey).toEqual(fromHex(publicKey));
    expect(key.sign(fromHex(message))).toEqual(fromHex(signature));
    expect(crypto.verify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(true);
  });

  // RFC 7748 §5.2: the scalar and the coordinate are both 9, once.
  it('exchanges keys as RFC 7748 does', () => {
    const nine = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 9 : 0));
    const expected = fromHex('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079');
    expect(crypto.exchangeKey(nine).publicKey).toEqual(expected);
    expect(crypto.exchangeKey(nine).shared(nine)).toEqual(expected);
  });

  it.each(SMALL_ORDER_U)('refuses the X25519 key of small order %s', (u) => {
    const { shared } = crypto.exchangeKey(random(32));
    expect(() => shared(fromHex(u))).toThrow(expect.objectContaining({ code: 'bad_key_exchange' }));
  });

  it('refuses an X25519 key of another length', () => {
    const { shared } = crypto.exchangeKey(random(32));
    expect(() => shared(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'bad_key_exchange' }));
  });
});

describe('the two implementations', () => {
  it('agree on the shared secret of any two keys, the top bit ignored', () => {
    fc.assert(
      fc.property(key32, key32, (secret, peer) => {
        expect(outcome(() => nodeCrypto.exchangeKey(secret).shared(peer))).toEqual(
          outcome(() => portableCrypto.exchangeKey(secret).shared(peer)),
        );
      }),
      { numRuns: 30 },
    );
  });
});

function outcome(act: () => Uint8Array): Uint8Array | string {
  try {
    return act();
  } catch (error) {
    return (error as { code: string }).code;
  }
}
