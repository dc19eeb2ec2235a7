import { describe, expect, it } from 'vitest';
import { absolute, bytes, duration, number, percent, relative, tenths } from './format.ts';

describe('format', () => {
  it('writes numbers the same on every machine', () => {
    expect([number(1234567), percent(0.456), tenths(3.04)]).toEqual(['1,234,567', '46 %', '3.0']);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [123 * 1024 * 1024, '123 MiB'],
    [2 ** 41, '2.0 TiB'],
  ])('writes %d bytes as %s', (value, text) => {
    expect(bytes(value)).toBe(text);
  });

  it.each([
    [-5, '0 s'],
    [119_999, '119 s'],
    [120_000, '2 min'],
    [119 * 60_000, '119 min'],
    [120 * 60_000, '2 h'],
    [47 * 3_600_000, '47 h'],
    [48 * 3_600_000, '2 d'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('tells past from future', () => {
    const now = Date.UTC(2026, 10, 25, 18, 40, 12);
    expect([relative(now - 1_000, now), relative(now - 30_000, now), relative(now + 300_000, now)]).toEqual([
      'now',
      '30 s ago',
      'in 5 min',
    ]);
    expect(absolute(now)).toBe('2026-11-25 18:40:12 UTC');
  });
});
