import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandText, WIDEST_SETTING } from './command.ts';
import { MINT_LIMITS, type MintLimits } from './limits.ts';
import { canonicalPlan, type PlanOutline, planHash } from './outline.ts';
import { type EpochPlan, planEpoch } from './plan.ts';
import type { ChainCut, MintCut } from './points.ts';
import { BUCKET, bucketsOf, deltasDigest, digestOf, MINT_CHAINS, parseDeltas } from './register.ts';

const EPOCH = 20_783;
/** So tight that a few hundred accounts take several batches. */
const TIGHT: MintLimits = { ...MINT_LIMITS, bytes: 1_900, gasLimit: 12_000 };

function cutOf(chains: readonly Partial<ChainCut>[], cutId = 'cut-1'): MintCut {
  const all = Array.from({ length: MINT_CHAINS }, (_, chain) => ({
    ...{ chain, slots: 0, points: new Map<number, number>() },
    ...chains[chain],
  }));
  return { epoch: EPOCH, cutId, chains: all };
}

const points = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 5, arbitrary: fc.nat({ max: 3_000 }) },
  { weight: 1, arbitrary: fc.nat({ max: MINT_LIMITS.accountCap }) },
);
const chainCut = fc
  .tuple(fc.array(points, { maxLength: 700 }), fc.nat({ max: 400 }))
  .map(([values, more]): Partial<ChainCut> => ({ slots: values.length + more, points: values }));
const cut = fc.array(chainCut, { maxLength: MINT_CHAINS }).map((chains) => cutOf(chains));

/** What each slot is credited by the plan, as the contract reads it: bucket by bucket from its batch's first. */
function credited(plan: EpochPlan, chain: number): Map<number, number> {
  const credits = new Map<number, number>();
  for (const { from, to, deltas } of plan.chains[chain]!.batches) {
    const buckets = parseDeltas(deltas);
    expect(buckets.length).toBe(to - from);
    buckets.forEach((bucket, index) => {
      bucket.forEach((value, place) => {
        const slot = (from + index) * BUCKET + place;
        expect(credits.has(slot)).toBe(false);
        credits.set(slot, value);
      });
    });
  }
  return credits;
}

describe('the plan of an epoch', () => {
  it('credits each slot exactly what it has, once, and nobody else', () => {
    fc.assert(
      fc.property(cut, (given) => {
        const plan = planEpoch(given, TIGHT);
        given.chains.forEach(({ chain, slots, points: values }) => {
          const credits = credited(plan, chain);
          const has = values as readonly number[];
          for (let slot = 0; slot < slots; slot += 1) expect(credits.get(slot) ?? 0).toBe(has[slot] ?? 0);
          for (const [slot, value] of credits) if (slot >= slots) expect(value).toBe(0);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('conserves points: those of the cut, of the chains, of the batches and of their deltas are one sum', () => {
    fc.assert(
      fc.property(cut, (given) => {
        const plan = planEpoch(given, TIGHT);
        const ofCut = given.chains.flatMap((chain) => [...(chain.points as readonly number[])]);
        expect(plan.points).toBe(ofCut.reduce((sum, value) => sum + value, 0));
        expect(plan.points).toBe(plan.chains.reduce((sum, { cap }) => sum + cap, 0));
        for (const { cap, batches } of plan.chains) {
          expect(batches.reduce((sum, batch) => sum + batch.sum, 0)).toBe(cap);
          for (const { deltas, sum } of batches)
            expect(
              parseDeltas(deltas)
                .flat()
                .reduce((all, value) => all + value, 0),
            ).toBe(sum);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('bounds ascend from 0 to the enrolled buckets, and batches fill them', () => {
    fc.assert(
      fc.property(cut, (given) => {
        for (const { slots, bounds, batches, cap } of planEpoch(given, TIGHT).chains) {
          expect(bounds[0]).toBe(0);
          expect(bounds.at(-1)).toBe(cap === 0 ? 0 : bucketsOf(slots));
          expect(batches.map(({ from }) => from)).toEqual(bounds.slice(0, -1));
          expect(batches.map(({ to }) => to)).toEqual(bounds.slice(1));
          expect(batches.map(({ batch }) => batch)).toEqual(batches.map((_, index) => index));
          for (const { from, to } of batches) expect(to).toBeGreaterThan(from);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('counts the bytes that its commands have at the widest setting, and keeps them and the gas within bounds', () => {
    fc.assert(
      fc.property(cut, fc.nat({ max: 30_000 }), (given, epoch) => {
        for (const { cap, bounds, digest, opening, batches } of planEpoch({ ...given, epoch }, TIGHT)
          .chains) {
          for (const batch of batches) {
            const cmd = commandText({ kind: 'mint', epoch, ...batch }, WIDEST_SETTING);
            expect(Buffer.byteLength(cmd)).toBe(batch.bytes);
            expect(batch.bytes).toBeLessThanOrEqual(TIGHT.bytes);
            expect(batch.gasLimit).toBeLessThanOrEqual(TIGHT.gasLimit);
            expect(batch.gasLimit).toBe(Math.ceil(batch.gas * TIGHT.gasMargin));
            expect(batch.digest).toBe(deltasDigest(batch.deltas));
          }
          const cmd = commandText({ kind: 'open', epoch, cap, bounds, digest }, WIDEST_SETTING);
          expect(Buffer.byteLength(cmd)).toBe(opening.bytes);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('fills a batch before it begins another: no two neighbours would fit into one', () => {
    const values = Array.from({ length: 2_000 }, (_, slot) => (slot * 7_919) % 2_000);
    const [chain] = planEpoch(cutOf([{ slots: 2_000, points: values }]), TIGHT).chains;
    expect(chain!.batches.length).toBeGreaterThan(4);
    chain!.batches.slice(0, -1).forEach(({ bytes }, index) => {
      const nextBucket = chain!.batches[index + 1]!.deltas.indexOf(']') - 1;
      // Of the sum that the split reckons with, two digits in two places may be unused.
      expect(bytes + nextBucket + 10).toBeGreaterThan(TIGHT.bytes);
    });
  });

  it('is the same to the byte for the same cut, in whatever order and form it comes', () => {
    fc.assert(
      fc.property(cut, (given) => {
        const sparse = given.chains.map((chain) => ({
          ...chain,
          points: new Map(
            [...(chain.points as readonly number[]).entries()].filter(([, value]) => value > 0),
          ),
        }));
        const again = planEpoch({ ...given, chains: sparse.toReversed() }, TIGHT);
        expect(again).toEqual(planEpoch(given, TIGHT));
      }),
      { numRuns: 30 },
    );
  });

  it('has a hash that one point, one slot, another cut or another day changes', () => {
    const base = planEpoch(cutOf([{ slots: 60, points: [1, 2] }]));
    const hashes = [
      base,
      planEpoch(cutOf([{ slots: 60, points: [2, 1] }])),
      planEpoch(cutOf([{ slots: 61, points: [1, 2] }])),
      planEpoch(cutOf([{ slots: 60, points: [1, 2] }], 'cut-2')),
      planEpoch({ ...cutOf([{ slots: 60, points: [1, 2] }]), epoch: EPOCH + 1 }),
    ].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(5);
    expect(base.hash).toBe(digestOf(canonicalPlan(base)));
    const outline: PlanOutline = JSON.parse(
      JSON.stringify(base, (key, value) => (key === 'deltas' ? undefined : value)),
    );
    expect(planHash(outline)).toBe(base.hash);
    // Fixed for ever: approvers of another version must come to the same.
    expect(base.hash).toBe('WeCdd-EERcE2a1QqKLtC_QPf1UVRn2oJdEV6rAMucyM');
  });
});

describe('days on which few earn', () => {
  const plan = planEpoch(
    cutOf([
      {
        slots: 50_000,
        points: new Map([
          [0, 5],
          [49_999, 7],
        ]),
      },
      { slots: 50_000 },
    ]),
  );

  it('cost the buckets in which somebody earned', () => {
    const [batch] = plan.chains[0]!.batches;
    expect(plan.chains[0]!.bounds).toEqual([0, 1_000]);
    expect(batch!.sum).toBe(12);
    expect(batch!.bytes).toBeLessThan(4_500);
    expect(batch!.gas).toBeLessThan(2_000);
  });

  it('open a chain on which nobody did, without a batch', () => {
    const chain = plan.chains[1]!;
    expect(chain.batches).toEqual([]);
    expect(chain).toMatchObject({ cap: 0, bounds: [0] });
    expect(chain.opening.gas).toBeLessThan(200);
  });

  it('make a long tail of nobody cheap', () => {
    const tail = planEpoch(cutOf([{ slots: 500_000, points: Array.from({ length: 5_000 }, () => 86) }]));
    expect(tail.chains[0]!.batches.length).toBe(1);
    expect(tail.chains[0]!.batches[0]!.bytes).toBeLessThan(46_500);
  });
});

describe('a cut that nobody may mint', () => {
  const refused = (chains: readonly Partial<ChainCut>[], limits = MINT_LIMITS) => {
    try {
      planEpoch(cutOf(chains), limits);
    } catch (error) {
      return error as Error & { code: string };
    }
    throw new Error('it was planned');
  };

  it('has an account above the cap: slot and chain are named', () => {
    const error = refused([{}, {}, {}, { slots: 60, points: new Map([[17, 100_001]]) }]);
    expect(error).toMatchObject({ name: 'MintError', code: 'above_cap', retry: false });
    expect(error.message).toContain('slot 17 of chain 3 has 100001 points');
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('has %d points', (value) => {
    const error = refused([{ slots: 60, points: [0, value] }]);
    expect(error.code).toBe('bad_points');
    expect(error.message).toContain('slot 1 of chain 0');
  });

  it('has points at a slot that is not final', () => {
    const error = refused([{ slots: 60, points: new Map([[60, 1]]) }]);
    expect(error.code).toBe('unknown_slot');
    expect(error.message).toContain('where 60 are final');
  });

  it('is above what a chain may mint in one epoch', () => {
    const points = Array.from({ length: 5_000 }, () => 100_000);
    expect(refused([{ slots: 5_000, points }]).code).toBe('above_cap');
  });

  it('lacks a chain, or has one twice', () => {
    const { chains } = cutOf([]);
    for (const wrong of [chains.slice(1), [...chains, chains[0]!], [...chains.slice(1), chains[1]!]])
      expect(() => planEpoch({ epoch: EPOCH, cutId: 'c', chains: wrong })).toThrow(/each of 0 to 9 once/);
  });

  it('has a bucket that no transaction holds', () => {
    const limits = { ...MINT_LIMITS, bytes: 900 };
    const points = Array.from({ length: 50 }, () => 99_999);
    expect(refused([{ slots: 50, points }], limits).code).toBe('does_not_fit');
  });
});
