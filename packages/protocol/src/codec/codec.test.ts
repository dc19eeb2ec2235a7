import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { arbitrary } from '../fixtures/arbitrary.ts';
import {
  bool,
  bytes,
  type Codec,
  decode,
  decodeExact,
  encode,
  f64,
  fixed,
  list,
  oneOf,
  optional,
  record,
  text,
  u8,
  u16,
  u32,
  u64,
  word,
  word64,
} from './codec.ts';
import { describeShape } from './shape.ts';

const everything = record({
  a: u8,
  b: u16,
  c: u32,
  d: u64,
  e: f64,
  f: word64,
  g: bool,
  h: fixed(3),
  i: bytes(300),
  j: text(40),
  k: list(record({ x: u8, y: optional(text(5)) }), 300),
  l: oneOf('red', 'green'),
  m: word(0xfffn),
});

const malformed = expect.objectContaining({ name: 'ProtocolError', code: 'malformed', retry: true });

describe('a codec of every combinator', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(arbitrary(everything), (value) => {
        expect(decodeExact(everything, encode(everything, value))).toEqual(value);
      }),
    );
  });

  it('has one encoding for one value: what it accepts, it writes back the same', () => {
    fc.assert(
      fc.property(
        arbitrary(everything),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (value, where, change) => {
          const encoded = encode(everything, value);
          encoded[where % encoded.length]! ^= change;
          expect(reencoded(everything, encoded)).toEqual(prefixOrRefused(everything, encoded));
        },
      ),
    );
  });

  it('refuses every encoding that ends early', () => {
    fc.assert(
      fc.property(arbitrary(everything), fc.nat(), (value, where) => {
        const encoded = encode(everything, value);
        const cut = encoded.subarray(0, where % encoded.length);
        expect(() => decode(everything, cut)).toThrow(malformed);
      }),
    );
  });

  it('leaves bytes behind the last field unread, and refuses them where there must be none', () => {
    fc.assert(
      fc.property(arbitrary(everything), fc.uint8Array({ minLength: 1, maxLength: 9 }), (value, more) => {
        const longer = Uint8Array.from([...encode(everything, value), ...more]);
        expect(decode(everything, longer)).toEqual(value);
        expect(() => decodeExact(everything, longer)).toThrow(malformed);
      }),
    );
  });

  it('reads a Buffer as it reads a Uint8Array, and its views copy when sliced', () => {
    const source = Buffer.from([0xff, 1, 2, 3, 0xff]);
    const view = decode(fixed(3), source.subarray(1, 4));
    const copy = view.slice();
    source.fill(0);
    expect([...view]).toEqual([0, 0, 0]);
    expect([...copy]).toEqual([1, 2, 3]);
  });
});

/** What the codec writes for what it read, or undefined where it refused. */
function reencoded<T>(codec: Codec<T>, encoded: Uint8Array): Uint8Array | undefined {
  try {
    return encode(codec, decode(codec, encoded));
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'malformed') return undefined;
    throw error;
  }
}

function prefixOrRefused<T>(codec: Codec<T>, encoded: Uint8Array): Uint8Array | undefined {
  const written = reencoded(codec, encoded);
  return written === undefined ? undefined : encoded.slice(0, written.length);
}

describe('the bounds of a value', () => {
  it.each<[string, Codec<never>, unknown]>([
    ['u8 256', u8 as Codec<never>, 256],
    ['u8 -1', u8 as Codec<never>, -1],
    ['u16 65,536', u16 as Codec<never>, 65_536],
    ['u32 2^32', u32 as Codec<never>, 2 ** 32],
    ['u32 1.5', u32 as Codec<never>, 1.5],
    ['u64 2^53', u64 as Codec<never>, 2 ** 53],
    ['u64 NaN', u64 as Codec<never>, Number.NaN],
    ['f64 infinity', f64 as Codec<never>, Number.POSITIVE_INFINITY],
    ['word64 2^64', word64 as Codec<never>, 2n ** 64n],
    ['word64 -1', word64 as Codec<never>, -1n],
    ['word 0x1000 of 0xfff', word(0xfffn) as Codec<never>, 0x1000n],
    ['two bytes for three', fixed(3) as Codec<never>, new Uint8Array(2)],
    ['bytes past the bound', bytes(2) as Codec<never>, new Uint8Array(3)],
    ['text past the bound in UTF-8', text(3) as Codec<never>, 'éé'],
    ['list past the bound', list(u8, 1) as Codec<never>, [1, 2]],
    ['an unknown name', oneOf('a') as Codec<never>, 'b'],
  ])('are kept by the encoder: %s', (_, codec, value) => {
    expect(() => encode(codec, value as never)).toThrow(RangeError);
  });

  it.each<[string, Codec<unknown>, string]>([
    ['an integer past 2^53', u64, '0020000000000000'],
    ['the largest u64', u64, 'ffffffffffffffff'],
    ['NaN', f64, '7ff8000000000000'],
    ['infinity', f64, 'fff0000000000000'],
    ['a word past its bits', word(0xfffn), '0000000000001000'],
    ['a boolean of 2', bool, '02'],
    ['an optional of 2', optional(u8), '02'],
    ['a name that is none', oneOf('a'), '01'],
    ['bytes past the bound', bytes(2), '03010203'],
    ['a list past the bound', list(u8, 1), '020102'],
    ['a wide length past the bound', bytes(300), `012d${'00'.repeat(301)}`],
    ['an overlong NUL in UTF-8', text(4), '02c080'],
    ['half a surrogate pair in UTF-8', text(4), '03eda080'],
    ['a lone continuation byte', text(4), '0180'],
    ['a code point past U+10FFFF', text(4), '04f4908080'],
  ])('are kept by the decoder: %s', (_, codec, hex) => {
    expect(() => decode(codec, fromHex(hex))).toThrow(malformed);
  });

  it('name the field that broke them, however deep', () => {
    const outer = record({ inner: record({ leaf: u8 }) });
    const error = refusal(() => encode(outer, { inner: { leaf: 256 } }));
    expect(error.message).toBe("field 'inner' cannot be encoded");
    expect((error.cause as Error).message).toBe("field 'leaf' cannot be encoded");
  });

  it('cannot be wider than the length before them', () => {
    expect(() => bytes(65_536)).toThrow(RangeError);
    expect(() => list(u8, 65_536)).toThrow(RangeError);
  });

  it('hold for the next message after one that could not be encoded', () => {
    expect(() => encode(record({ a: u32, b: u8 }), { a: 1, b: 999 })).toThrow(RangeError);
    expect([...encode(u8, 5)]).toEqual([5]);
  });
});

describe('text', () => {
  it('keeps a byte order mark and the astral planes', () => {
    const value = '\ufeffѺ🜁';
    expect(decodeExact(text(20), encode(text(20), value))).toBe(value);
  });

  it('writes half a surrogate pair as the replacement character', () => {
    expect(decodeExact(text(9), encode(text(9), 'a\ud800'))).toBe('a\ufffd');
  });
});

describe('the layout on the wire', () => {
  it('is big-endian, positional and without padding', () => {
    const codec = record({
      a: u16,
      b: u64,
      c: optional(u8),
      d: text(4),
      e: list(u8, 300),
      f: oneOf('x', 'y'),
    });
    const encoded = encode(codec, { a: 0x0102, b: 2 ** 40 + 5, c: undefined, d: 'hi', e: [7], f: 'y' });
    expect(toHex(encoded)).toBe('0102' + '0000010000000005' + '00' + '026869' + '000107' + '01');
  });

  it('is described in one line', () => {
    expect(describeShape(record({ a: u8, b: list(fixed(2), 300), c: optional(oneOf('x', 'y')) }).shape)).toBe(
      'record{a u8, b list(u16 <= 300, fixed(2)), c optional(choice(x | y))}',
    );
  });
});

function refusal(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was refused');
}
