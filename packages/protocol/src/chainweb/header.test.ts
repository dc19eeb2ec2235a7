import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meetsTarget } from './difficulty.ts';
import { HeaderFormatError } from './error.ts';
import { decodeHeader, decodeHeaderText, encodeHeader, encodeHeaderText, type Header } from './header.ts';
import { headerHash, powHash } from './header-hash.ts';
import { decodeHeaderObject, encodeHeaderObject } from './header-object.ts';
import { firstOfEpoch, lastOfEpoch, mainnet, openapiHeaders, openapiObject } from './mainnet.fixture.ts';

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));
const chain = fc.nat({ max: 2 ** 31 });

const header: fc.Arbitrary<Header> = fc.record({
  featureFlags: u64,
  creationTime: u64,
  parent: hash,
  adjacents: fc
    .uniqueArray(fc.record({ chain, hash }), { minLength: 3, maxLength: 3, selector: (item) => item.chain })
    .map((items) => items.toSorted((a, b) => a.chain - b.chain)),
  target: u256,
  payloadHash: hash,
  chain,
  weight: u256,
  height: fc.maxSafeNat(),
  versionCode: fc.constant(mainnet.versionCode),
  epochStart: u64,
  nonce: u64,
  hash,
});

describe('binary form', () => {
  it('round-trips every header', () => {
    fc.assert(
      fc.property(header, (value) => {
        const bytes = encodeHeader(value);
        expect(bytes).toHaveLength(318);
        expect(decodeHeader(bytes)).toEqual(value);
        expect(decodeHeaderText(encodeHeaderText(value))).toEqual(value);
      }),
    );
  });

  it('either decodes bytes to what encodes to them again, or refuses them', () => {
    fc.assert(
      fc.property(header, fc.nat({ max: 317 }), fc.nat({ max: 255 }), (value, at, byte) => {
        const bytes = encodeHeader(value);
        bytes[at] = byte;
        let decoded: Header | undefined;
        try {
          decoded = decodeHeader(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(HeaderFormatError);
        }
        expect(decoded === undefined || Buffer.from(encodeHeader(decoded)).equals(bytes)).toBe(true);
      }),
    );
  });

  it.each([0, 317, 319])('refuses %i bytes', (length) => {
    expect(() => decodeHeader(new Uint8Array(length))).toThrow(HeaderFormatError);
  });

  it.each(['', '!', `${openapiHeaders[0]}=`, `${openapiHeaders[0]}A`])('refuses the text %j', (text) => {
    expect(() => decodeHeaderText(text)).toThrow(HeaderFormatError);
  });

  it('refuses a hash that is none when encoding', () => {
    const value = decodeHeaderText(String(openapiHeaders[0]));
    expect(() => encodeHeader({ ...value, parent: 'short' })).toThrow(HeaderFormatError);
    expect(() => encodeHeader({ ...value, adjacents: [] })).toThrow(HeaderFormatError);
  });
});

describe('object form', () => {
  it('round-trips every header, past 2^53 too', () => {
    fc.assert(
      fc.property(header, (value) => {
        expect(decodeHeaderObject(encodeHeaderObject(value, mainnet), mainnet)).toEqual(value);
      }),
    );
  });

  it('keeps the low bits of feature flags with votes in them', () => {
    const flags = (14_280_001n << 32n) | 1n;
    const text = openapiObject.replace('"featureFlags":0', `"featureFlags":${flags}`);
    expect(decodeHeaderObject(text, mainnet).featureFlags).toBe(flags);
  });

  it('equals the binary form', () => {
    expect(encodeHeaderText(decodeHeaderObject(openapiObject, mainnet))).toBe(openapiHeaders[0]);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '3'],
    ['a missing field', '{}'],
    ['another network', openapiObject.replace('mainnet01', 'testnet04')],
    ['a fraction', openapiObject.replace('"height":1000000', '"height":1.5')],
    ['a negative time', openapiObject.replace('"creationTime":1602', '"creationTime":-1602')],
    ['a short hash', openapiObject.replace('HaXAB', 'HaXA')],
    ['a nonce above 64 bits', openapiObject.replace('"nonce":"', '"nonce":"999')],
    ['adjacents that are none', openapiObject.replace('"5":', '"x":')],
  ])('refuses %s', (_what, text) => {
    expect(() => decodeHeaderObject(text, mainnet)).toThrow(HeaderFormatError);
  });
});

describe('hashes of mainnet blocks', () => {
  const steps = [lastOfEpoch, firstOfEpoch].flatMap((step) => [step.parent, step.header, ...step.adjacents]);

  it.each([...openapiHeaders, ...steps])('are what the blocks say (%#)', (text) => {
    const value = decodeHeaderText(text);
    expect(headerHash(value)).toBe(value.hash);
    expect(meetsTarget(powHash(value), value.target)).toBe(true);
  });
});
