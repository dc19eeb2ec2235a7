import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePlace } from '../place.ts';
import { kAnonymous, LEAST, lumped } from './anonymity.ts';
import { placeOf } from './region-places.ts';

describe('places of regions', () => {
  it('knows usual names, and this hub by its setting', () => {
    const own = { region: 'alps', place: parsePlace('46.8, 10.5') };
    expect(placeOf('alps', own)).toEqual({ latitude: 46.8, longitude: 10.5 });
    expect(placeOf('alps')).toBeUndefined();
    expect(placeOf('EU')).toEqual(placeOf('eu', own));
    expect(placeOf('constructor')).toBeUndefined();
  });

  it.each(['', '48', '91,0', '0,181', '1e1,2', '48;16', ' , '])('refuses %o', (text) => {
    expect(parsePlace(text)).toBeUndefined();
  });
});

describe('anonymity', () => {
  const counts = fc.array(fc.record({ name: fc.string(), count: fc.nat(12) }), { maxLength: 8 });

  it('tells no group that is too small, and no sum from which one follows', () => {
    fc.assert(
      fc.property(counts, (given) => {
        const { groups, told, andMore } = kAnonymous(given);
        for (const { count } of groups) expect(count ?? LEAST).toBeGreaterThanOrEqual(LEAST);
        const large = given.filter(({ count }) => count >= LEAST);
        expect(told).toBe(large.reduce((sum, { count }) => sum + count, 0));
        expect(andMore).toBe(given.some(({ count }) => count > 0 && count < LEAST));
      }),
    );
  });

  it('lumps small groups, and keeps quiet where even together they are small', () => {
    const of = (...given: number[]) => lumped(given.map((count, i) => ({ name: `v${i}`, count }))).groups;
    expect(of(9, 3, 4)).toEqual([
      { name: 'v0', count: 9 },
      { name: 'other', count: 7 },
    ]);
    expect(of(9, 3)).toEqual([
      { name: 'v0', count: 9 },
      { name: 'other', count: undefined },
    ]);
  });
});
