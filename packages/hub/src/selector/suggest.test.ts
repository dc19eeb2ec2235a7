import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suggest } from './suggest.ts';

const FIELDS = [
  { name: 'state', doc: 'The state.', words: ['online', 'offline'], example: 'state:offline' },
  { name: 'seen', doc: 'Age.', words: ['never'], example: 'seen:>2d' },
  { name: 'tag', doc: 'A tag.', words: [], example: 'tag:lab' },
];
const VALUES = { tag: ['lab', 'rack 7', 'blab'] };

/** What the text would be with each completion in it; | is the cursor. */
function offered(typed: string): string[] {
  const at = typed.indexOf('|');
  const text = typed.replace('|', '');
  return suggest(FIELDS, VALUES, text, at).map(
    ({ insert, from, to }) => text.slice(0, from) + insert + text.slice(to),
  );
}

describe('suggest', () => {
  it.each([
    ['|', ['state:', 'seen:', 'tag:']],
    ['s|', ['state:', 'seen:']],
    ['rack -(st|', ['rack -(state:']],
    ['-t|', ['-tag:']],
    ['state:|', ['state:online', 'state:offline']],
    ['state:on|', ['state:online']],
    ['state:online,off|', ['state:online,offline']],
    ['tag:lab|', ['tag:blab']],
    ['tag:| eu', ['tag:lab eu', 'tag:"rack 7" eu', 'tag:blab eu']],
    ['seen:>|', []],
    ['seen:|', ['seen:never']],
    ['nothing:x|', []],
    ['"st|', []],
    ['zzz|', []],
  ])('completes %s', (typed, expected) => {
    expect(offered(typed)).toEqual(expected);
  });

  it('replaces what ends at the cursor, whatever was typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, place) => {
        const at = Math.min(place, text.length);
        for (const { from, to } of suggest(FIELDS, VALUES, text, at)) {
          expect(from).toBeLessThanOrEqual(to);
          expect(to).toBe(at);
        }
      }),
    );
  });
});
