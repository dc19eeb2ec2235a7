import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatParams, MAX_PARAMS_BYTES, type Parameters, parseParams, readParams } from './parameters.ts';

const PARAMETERS = {
  word: { type: 'text', pattern: /[a-z]{1,8}/, max: 8, doc: 'a word' },
  colour: { type: 'choice', options: ['red', 'green'], default: 'red', doc: 'a colour' },
  count: { type: 'number', min: -3, max: 40, default: 7, doc: 'how many' },
  loud: { type: 'flag', default: false, doc: 'said aloud' },
} as const satisfies Parameters;

const values = fc.record(
  {
    word: fc.stringMatching(/^[a-z]{1,8}$/),
    colour: fc.constantFrom('red', 'green'),
    count: fc.integer({ min: -3, max: 40 }),
    loud: fc.boolean(),
  },
  { requiredKeys: ['word'], noNullPrototype: true },
);
const badParams = expect.objectContaining({ code: 'bad_params' });
const whole = (given: object) => ({ colour: 'red', count: 7, loud: false, ...given });

describe('parameters of a job', () => {
  it('have one text, with defaults filled in, that comes back as it was', () => {
    fc.assert(
      fc.property(values, (given) => {
        const text = formatParams(PARAMETERS, given);
        expect(parseParams(PARAMETERS, text)).toEqual(whole(given));
        expect(formatParams(PARAMETERS, parseParams(PARAMETERS, text))).toBe(text);
      }),
    );
  });

  it('have no other text: changed anywhere, it is refused or says something else', () => {
    fc.assert(
      fc.property(
        values,
        fc.nat(),
        fc.constantFrom('', ' ', '0', ',', '"', '\u00a0', '}'),
        (given, at, piece) => {
          const text = formatParams(PARAMETERS, given);
          const place = at % (text.length + 1);
          const changed = text.slice(0, place) + piece + text.slice(place + (piece === '' ? 1 : 0));
          fc.pre(changed !== text);
          try {
            expect(parseParams(PARAMETERS, changed)).not.toEqual(whole(given));
          } catch (error) {
            expect(error).toEqual(badParams);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['in another order', '{"word":"a","colour":"red","count":7,"loud":false}'],
    ['without a default', '{"colour":"red","count":7,"word":"a"}'],
    ['with a space', '{"colour":"red","count":7,"loud":false, "word":"a"}'],
    ['with a name twice', '{"colour":"red","colour":"red","count":7,"loud":false,"word":"a"}'],
    ['with another way to write a number', '{"colour":"red","count":7.0,"loud":false,"word":"a"}'],
    ['with an escape', '{"colour":"red","count":7,"loud":false,"word":"\\u0061"}'],
    ['with a name of its own', '{"__proto__":1,"colour":"red","count":7,"loud":false,"word":"a"}'],
    ['that is a list', '[]'],
    ['that is null', 'null'],
    ['that is no JSON', '{'],
  ])('a text %s is refused', (_name, text) => {
    expect(() => parseParams(PARAMETERS, text)).toThrow(badParams);
  });

  it.each([
    [{}, /'word' is missing: a word/],
    [{ word: 'A' }, /match \[a-z\]\{1,8\}/],
    [{ word: 'abcdefghi' }, /at most 8 characters/],
    [{ word: 'a\n' }, /'word' is "a\\n"/],
    [{ word: 'a', colour: 'blue' }, /one of red, green is expected/],
    [{ word: 'a', count: 41 }, /from -3 to 40/],
    [{ word: 'a', count: 1.5 }, /whole number/],
    [{ word: 'a', count: '7' }, /whole number/],
    [{ word: 'a', loud: 1 }, /true or false/],
    [{ word: 'a', size: 1 }, /no parameter 'size'; colour, count, loud, word are expected/],
    [{ word: 'a', constructor: 'x' }, /no parameter 'constructor'/],
  ])('%j is told', (given, message) => {
    expect(() => formatParams(PARAMETERS, given as never)).toThrow(message);
    expect(() => formatParams(PARAMETERS, given as never)).toThrow(badParams);
  });

  it('of texts, as a form or a command line has them, are the same values', () => {
    fc.assert(
      fc.property(values, (given) => {
        const texts = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
        expect(readParams(PARAMETERS, texts)).toEqual(given);
      }),
    );
    const flag = (text: string) => readParams(PARAMETERS, { word: 'a', loud: text })['loud'];
    expect(['true', 'yes', 'on', '1', 'false', 'no', 'off', '0'].map(flag)).toEqual([
      ...Array.from({ length: 4 }, () => true),
      ...Array.from({ length: 4 }, () => false),
    ]);
    expect(() => flag('maybe')).toThrow(badParams);
    expect(() => readParams(PARAMETERS, { word: 'a', count: '7x' })).toThrow(badParams);
    expect(() => readParams(PARAMETERS, { word: 'a', toString: 'x' })).toThrow(badParams);
  });

  it('have a bound in bytes', () => {
    const long: Parameters = { text: { type: 'text', pattern: /.*/, max: 2_000, doc: 'long' } };
    const room = MAX_PARAMS_BYTES - '{"text":""}'.length;
    expect(formatParams(long, { text: 'x'.repeat(room) })).toHaveLength(MAX_PARAMS_BYTES);
    expect(() => formatParams(long, { text: 'x'.repeat(room + 1) })).toThrow(/longer than 1024 bytes/);
  });
});

describe('parameters that hang together', () => {
  const text = (more: object) =>
    ({ type: 'text', pattern: /.*/, max: 9, default: '', doc: '', ...more }) as const;
  const source: Parameters = {
    image: text({ or: 'url' }),
    url: text({ needs: 'hash' }),
    hash: text({ needs: 'url' }),
  };

  it.each([
    [{ image: 'i' }, 'taken'],
    [{ url: 'u', hash: 'h' }, 'taken'],
    [{}, 'refused'],
    [{ url: 'u' }, 'refused'],
    [{ hash: 'h' }, 'refused'],
    [{ image: 'i', hash: 'h' }, 'refused'],
    [{ image: 'i', url: 'u', hash: 'h' }, 'refused'],
  ])('%j is %s', (given, verdict) => {
    const format = () => formatParams(source, given);
    if (verdict === 'taken') expect(parseParams(source, format())).toMatchObject(given);
    else expect(format).toThrow(badParams);
  });
});
