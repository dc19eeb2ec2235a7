import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BUCKET,
  bucketsOf,
  bucketText,
  deltasDigest,
  deltasText,
  enrolmentDigest,
  epochOf,
  parseDeltas,
} from './register.ts';

const bucket = fc.oneof(
  fc.constant<number[]>([]),
  fc
    .array(fc.nat({ max: 100_000 }), { minLength: BUCKET, maxLength: BUCKET })
    .filter((all) => all.some(Boolean)),
);
const deltasOf = (buckets: readonly (readonly number[])[]) =>
  deltasText(buckets.map((points) => bucketText(points)));

describe('deltas', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.array(bucket, { minLength: 1, maxLength: 8 }), (buckets) => {
        expect(parseDeltas(deltasOf(buckets))).toEqual(buckets);
      }),
    );
  });

  it('have one text: zeros are an empty bucket, a short bucket ends in zeros', () => {
    expect(bucketText([])).toBe('[]');
    expect(bucketText(Array.from({ length: BUCKET }, () => 0))).toBe('[]');
    expect(bucketText([0, 7])).toBe(`[0 7${' 0'.repeat(48)}]`);
    expect(deltasText([bucketText([1]), '[]'])).toBe(`[[1${' 0'.repeat(49)}] []]`);
  });

  const full = bucketText(Array.from({ length: BUCKET }, () => 3));
  it.each([
    ['nothing', ''],
    ['no buckets', '[]'],
    ['a bucket of 49', '[[1]]'],
    ['zeros', `[[0${' 0'.repeat(49)}]]`],
    ['a fraction', `[${full.replace('3', '0.5')}]`],
    ['a negative number', `[${full.replace('3', '-3')}]`],
    ['a leading zero', `[${full.replace('3', '03')}]`],
    ['two spaces', `[${full.replace(' ', '  ')}]`],
    ['something after them', `[${full}] 1`],
    ['code', `[${full} (coin)]`],
  ])('that have %s are refused', (_what, text) => {
    expect(() => parseDeltas(text)).toThrow(expect.objectContaining({ name: 'MintError', code: 'bad_act' }));
  });
});

describe('digests', () => {
  const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('base64url');

  it('are SHA-256 in base64url, of the literal or of the names as JSON', () => {
    expect(deltasDigest('[[1 2] []]')).toBe(sha256('[[1 2] []]'));
    expect(enrolmentDigest(['k:a', 'Ѻ.b'])).toBe(sha256('["k:a","Ѻ.b"]'));
  });
});

it('an epoch is a UTC day, buckets hold fifty slots', () => {
  expect(epochOf(Date.UTC(2026, 10, 26, 23, 59, 59, 999))).toBe(20_783);
  expect(epochOf(Date.UTC(2026, 10, 27))).toBe(20_784);
  expect([0, 1, 50, 51].map(bucketsOf)).toEqual([0, 1, 1, 2]);
});
