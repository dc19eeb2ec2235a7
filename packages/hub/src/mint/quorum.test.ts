import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alike, quorumOf, reached } from './quorum.ts';

describe('a quorum of nodes', () => {
  it('is most of them, and two at least', () => {
    expect([1, 2, 3, 4, 5, 7].map(quorumOf)).toEqual([2, 2, 2, 3, 3, 4]);
  });

  it('says what so many say alike, whoever answers first', () => {
    expect(alike(['lie', 'lie', 'so', 'so', 'so'], 3)).toEqual(['so', 'so', 'so']);
    expect(alike(['lie', 'lie', 'so', 'so'], 3)).toBeUndefined();
  });

  it('reaches a number between those of honest nodes, whatever fewer than it say beside them', () => {
    const honest = fc.integer({ min: 100, max: 200 });
    const lie = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(
        fc.array(honest, { minLength: 3, maxLength: 3 }),
        fc.array(lie, { maxLength: 2 }),
        (said, lies) => {
          const number = reached([...lies, ...said], quorumOf(said.length + lies.length));
          expect(number).toBeGreaterThanOrEqual(Math.min(...said));
          expect(number).toBeLessThanOrEqual(Math.max(...said));
        },
      ),
    );
  });
});
