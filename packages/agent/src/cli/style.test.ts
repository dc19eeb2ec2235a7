import { describe, expect, it } from 'vitest';
import { bytes, duration, mark } from '#cli/style.ts';

describe('how figures are shown', () => {
  it.each([
    [0, '0 ms'],
    [41.4, '41 ms'],
    [999, '999 ms'],
    [1000, '1 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [90_000, '1 min 30 s'],
    [3_600_000, '1 h'],
    [7_260_000, '2 h 1 min'],
    [90_000_000, '1 d 1 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    [52e6, '52 MB'],
    [1.5e9, '1.5 GB'],
    [2e12, '2.0 TB'],
  ])('%d bytes are %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  it('marks differ without colour too', () => {
    const marks = (['ok', 'warn', 'fail', 'skip'] as const).map((tone) => mark(tone, false));
    expect(new Set(marks).size).toBe(4);
    expect(mark('fail', true)).toBe(`\u001b[31m${mark('fail', false)}\u001b[0m`);
  });
});
