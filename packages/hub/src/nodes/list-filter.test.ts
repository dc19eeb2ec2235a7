import { describe, expect, it } from 'vitest';
import { filterOfKey, listUrl, readFilter, statesOf, stateUrl } from './list-filter.ts';
import { filterError } from './list-tools.ts';

describe('the filter of the list', () => {
  it.each([
    ['', 'offline', 'nodes?q=state%3Aoffline'],
    ['state:online rack', 'offline', 'nodes?q=state%3Aoffline+rack'],
    ['a OR b', 'new', 'nodes?q=state%3Anew+%28a+OR+b%29'],
    ['-state:online', 'late', 'nodes?q=state%3Alate+-state%3Aonline'],
    ['state:online,late tag:lab', undefined, 'nodes?q=tag%3Alab'],
    ['state:online', undefined, 'nodes'],
  ] as const)('puts the state of %s in place of the one it had: %s', (text, state, url) => {
    expect(stateUrl(readFilter(text).selector, state)).toBe(url);
  });

  it('tells the states that are asked for', () => {
    expect(statesOf(readFilter('state:online,late rack').selector)).toEqual(['online', 'late']);
    expect(statesOf(readFilter('state:online OR rack').selector)).toEqual([]);
  });

  it('is its own key, also where it can’t be read', () => {
    expect(filterOfKey(listUrl('state:x a,b').slice('nodes?'.length))).toMatchObject({
      text: 'state:x a,b',
      error: { code: 'bad_selector' },
    });
  });

  it.each(['stat:x', `${'word '.repeat(60)}stat:x`, '<img src=x onerror=alert(1)> stat:x'])(
    'points a caret under the column: %s',
    (text) => {
      const shown = filterError(readFilter(text).error!).text;
      const [, line, caret] = /<pre aria-hidden="true">(.*)\n<span class="caret">( *)\^/.exec(shown)!;
      const plain = line!.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#39;', "'");
      expect(plain.slice(caret!.length)).toBe('stat:x');
    },
  );
});
