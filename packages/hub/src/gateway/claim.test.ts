import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideClaim, EPOCHS_PER_GENERATION, type SessionRecord } from './claim.ts';

const secret = (byte: number) => new Uint8Array(32).fill(byte);

function record(change: Partial<SessionRecord> = {}): SessionRecord {
  return {
    epoch: 7,
    bootId: 'a',
    previousBootIds: [],
    ratchetCurrent: secret(2),
    ratchetPrevious: secret(1),
    settled: false,
    ...change,
  };
}

describe('decideClaim', () => {
  it('gives a node without a session the first epoch of the generation', () => {
    expect(decideClaim(undefined, { bootId: 'a', proof: undefined }, 0)).toMatchObject({
      kind: 'fresh',
      epoch: 1,
    });
    expect(decideClaim(undefined, { bootId: 'a', proof: undefined }, 3)).toMatchObject({
      epoch: 3 * EPOCHS_PER_GENERATION + 1,
    });
  });

  it('F08 a restarted agent resumes with the next epoch', () => {
    expect(decideClaim(record(), { bootId: 'b', proof: 'current' }, 0)).toEqual({
      kind: 'resumed',
      epoch: 8,
      previousBootIds: ['a'],
    });
  });

  it('resumes an agent whose last Welcome was lost', () => {
    expect(decideClaim(record(), { bootId: 'a', proof: 'previous' }, 0)).toMatchObject({ kind: 'resumed' });
  });

  it('F07 a copy that proves neither secret is stale', () => {
    expect(decideClaim(record(), { bootId: 'b', proof: undefined }, 0)).toEqual({ kind: 'stale-copy' });
  });

  it('F07 a copy that is one secret behind cannot take the session of a node that is in it', () => {
    const settled = record({ settled: true });
    expect(decideClaim(settled, { bootId: 'b', proof: 'previous' }, 0)).toEqual({ kind: 'stale-copy' });
    expect(decideClaim(settled, { bootId: 'b', proof: 'current' }, 0).kind).toBe('resumed');
    expect(decideClaim(settled, { bootId: 'a', proof: 'previous' }, 0).kind).toBe('resumed');
    expect(decideClaim(record(), { bootId: 'b', proof: 'previous' }, 0).kind).toBe('resumed');
  });

  it('F07 A, B, A with valid proofs is a live clone that names the other', () => {
    const taken = record({ bootId: 'b', previousBootIds: ['a'], settled: true });
    expect(decideClaim(taken, { bootId: 'a', proof: 'previous' }, 0)).toEqual({
      kind: 'live-clone',
      epoch: 8,
      previousBootIds: ['b'],
      other: 'b',
    });
  });

  it('F07 a machine in a reboot loop is no clone, however often it comes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 40 }), (boots) => {
        let held: SessionRecord | undefined;
        for (const bootId of boots) {
          const verdict = decideClaim(held, { bootId, proof: 'current' }, 0);
          expect(verdict.kind).toMatch(/fresh|resumed/);
          if (verdict.kind === 'stale-copy') throw new Error('unreachable');
          held = record({ epoch: verdict.epoch, bootId, previousBootIds: verdict.previousBootIds });
        }
      }),
    );
  });

  it('takes the first to come after a restore without proof, and only the first', () => {
    const restored = decideClaim(record(), { bootId: 'b', proof: undefined }, 1);
    expect(restored).toMatchObject({ kind: 'restored', epoch: EPOCHS_PER_GENERATION + 1 });
    const next = record({ epoch: EPOCHS_PER_GENERATION + 1, bootId: 'b' });
    expect(decideClaim(next, { bootId: 'c', proof: undefined }, 1)).toEqual({ kind: 'stale-copy' });
  });

  it('never gives an epoch that is not above the stored one', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 31 - 1 }),
        fc.nat({ max: 1000 }),
        fc.constantFrom('current' as const, 'previous' as const),
        (epoch, generation, proof) => {
          const verdict = decideClaim(record({ epoch }), { bootId: 'b', proof }, generation);
          expect(verdict.kind === 'stale-copy' ? 0 : verdict.epoch).toBeGreaterThan(epoch);
        },
      ),
    );
  });
});
