import { encodeHeader, type Header, MAX_UINT256, stoaNetwork, workOf } from '@stoa/protocol/chainweb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Braid, CHAINS, FixedClock, forge, node, rehash } from './braid.fixture.ts';
import { type Offer, VerifiedSet, type VerifiedSetOptions } from './verified-set.ts';

const braid = new Braid();
braid.mineTo(30);
const honest = node('honest');

function fresh(options: Partial<VerifiedSetOptions> = {}): { set: VerifiedSet; clock: FixedClock } {
  const clock = new FixedClock().atHeight(100);
  return { set: new VerifiedSet({ checkpoint: braid.checkpoint, clock, ...options }), clock };
}

function offerAll(set: VerifiedSet, headers: readonly Header[], reporter = honest): Offer[] {
  return headers.map((header) => set.offer(encodeHeader(header), reporter));
}

function upTo(height: number, from = 1): Header[] {
  return Array.from({ length: height - from + 1 }, (_, at) => braid.level(from + at)).flat();
}

/** Adjacent heads differ by a block at most, and the higher rests on the lower, or both on each other's parent. */
function expectBraid(heads: readonly Header[]): void {
  for (const head of heads) {
    for (const { chain, hash } of head.adjacents) {
      const other = heads[chain]!;
      const step = head.height - other.height;
      expect(Math.abs(step)).toBeLessThanOrEqual(1);
      expect(step < 0 || hash === (step === 0 ? other.parent : other.hash)).toBe(true);
    }
  }
}

const heights = (set: VerifiedSet): number[] => CHAINS.map((chain) => set.height(chain));

describe('headers that descend from the checkpoint', () => {
  it('are verified once, whoever reports them', () => {
    const { set } = fresh();
    const offers = offerAll(set, upTo(5));
    expect(offers.every((offer) => offer.status === 'verified' && offer.headMoved)).toBe(true);
    expect(heights(set)).toEqual(Array(10).fill(5));
    expect(offerAll(set, upTo(5), node('other')).every((offer) => offer.status === 'known')).toBe(true);
    expect(set.stats).toEqual({ held: 60, waiting: 0, verified: 50 });
    expect(set.head(3)).toEqual(braid.at(3, 5));
    expect(set.get(braid.at(3, 4).hash)).toEqual(braid.at(3, 4));
  });

  it('end in the same heads in every order, as long as the budget holds', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(upTo(6), { minLength: 60 }), (headers) => {
        const { set } = fresh();
        offerAll(set, headers, node('reference', { reference: true }));
        expect(set.heads()).toEqual(braid.level(6));
        expect(set.stats.waiting).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('that come too early wait for their parents, and say which', () => {
    const { set } = fresh();
    const child = braid.at(0, 2);
    const offer = offerAll(set, [child])[0]!;
    expect(offer.status).toBe('unknown');
    const wanted = [child.parent, ...child.adjacents.map(({ hash }) => hash)].toSorted();
    const missing = set.missing(child.hash);
    expect(missing.map(({ hash }) => hash).toSorted()).toEqual(wanted);
    expect(missing.every(({ from }) => from[0] === 'honest')).toBe(true);
    expect(missing.map(({ chain }) => chain).toSorted()).toEqual([0, 2, 3, 5]);
    expect(heights(set)).toEqual(Array(10).fill(0));
    const last = offerAll(set, braid.level(1)).find(
      (each) => each.status === 'verified' && each.adopted.length > 0,
    );
    expect(last).toMatchObject({ adopted: [child] });
    expect(set.missing(child.hash)).toEqual([]);
    expect(set.height(0)).toBe(2);
  });

  it('of which nothing is known are missing themselves', () => {
    const { hash } = braid.at(4, 9);
    expect(fresh().set.missing(hash, 4)).toEqual([{ chain: 4, hash, from: [] }]);
  });
});

describe('forgeries do not move the head', () => {
  const parents = upTo(7);
  const draft = braid.draft(2, 8);

  it.each<[string, Uint8Array, string]>([
    [
      'a header mined at the easiest target',
      forge(draft, { target: MAX_UINT256, height: 99_999_999 }),
      'wrong_height',
    ],
    [
      'the same at the right height',
      forge(draft, { target: MAX_UINT256, weight: braid.at(2, 7).weight + 1n }),
      'wrong_target',
    ],
    ['inflated weight', forge(draft, { weight: draft.weight * 1_000n }), 'wrong_weight'],
    [
      'an easier target of honest weight',
      forge(draft, { target: draft.target * 2n, weight: braid.at(2, 7).weight + workOf(draft.target * 2n) }),
      'wrong_target',
    ],
    ['no proof of work', rehash(draft, { nonce: 2n ** 63n, target: 1n }), 'wrong_work'],
    [
      'adjacent parents of an older height',
      forge(draft, {
        adjacents: draft.adjacents.map(({ chain }) => ({ chain, hash: braid.at(chain, 6).hash })),
      }),
      'wrong_braiding',
    ],
    [
      'adjacent parents of other chains',
      forge(draft, { adjacents: [1, 3, 5].map((chain) => ({ chain, hash: braid.at(chain, 7).hash })) }),
      'wrong_adjacents',
    ],
    [
      'a block of another chain as its adjacent parent',
      forge(draft, { adjacents: draft.adjacents.map(({ chain }) => ({ chain, hash: braid.at(9, 7).hash })) }),
      'wrong_adjacents',
    ],
    ['a creation time before its parents', forge(draft, { creationTime: 1n }), 'created_before_parent'],
    ['another network', forge(draft, { versionCode: stoaNetwork.versionCode }), 'wrong_network'],
    ['too few bytes', encodeHeader(braid.at(2, 8)).subarray(1), 'header_malformed'],
  ])('%s', (_what, bytes, code) => {
    const { set } = fresh();
    offerAll(set, parents);
    const before = set.heads().map((header) => header.hash);
    expect(set.offer(bytes, node('forger'))).toMatchObject({ status: 'invalid', code });
    expect(set.heads().map((header) => header.hash)).toEqual(before);
    expect(set.reporters.offenders()).toMatchObject([{ reporter: { nodeId: 'forger' }, count: 1, code }]);
    expect(set.reporters.tipCredit('forger')).toBe(false);
    expect(set.reporters.tipCredit('honest')).toBe(true);
  });

  it('a header without a parent', () => {
    const { set } = fresh();
    offerAll(set, parents);
    const orphan = forge(draft, { parent: Buffer.alloc(32, 9).toString('base64url'), weight: 2n ** 250n });
    expect(set.offer(orphan, node('forger')).status).toBe('unknown');
    expect(set.height(2)).toBe(7);
  });

  it('other fields under a verified hash', () => {
    const { set } = fresh();
    offerAll(set, parents);
    const bytes = encodeHeader({ ...braid.at(2, 7), height: 1_000 });
    expect(set.offer(bytes, node('forger'))).toMatchObject({ status: 'invalid', code: 'wrong_hash' });
  });

  it('a header from the future, until its time has come; nobody is to blame for it', () => {
    const { set, clock } = fresh();
    offerAll(set, parents);
    clock.ms = Number(braid.at(2, 8).creationTime / 1_000n) - 1;
    expect(offerAll(set, [braid.at(2, 8)])).toMatchObject([{ status: 'early' }]);
    expect(set.height(2)).toBe(7);
    expect(set.reporters.offenders()).toEqual([]);
    clock.ms += 1;
    expect(offerAll(set, [braid.at(2, 8)])).toMatchObject([{ status: 'verified', headMoved: true }]);
  });

  it('a forgery that waited: its reporters are named once it can be judged', () => {
    const { set } = fresh();
    offerAll(set, upTo(6));
    const forged = forge(draft, { weight: draft.weight + 1n });
    for (const reporter of [node('one'), node('two')]) {
      expect(set.offer(forged, reporter).status).toBe('unknown');
    }
    offerAll(set, braid.level(7));
    expect(set.reporters.offenders().map((each) => each.reporter.nodeId)).toEqual(['two', 'one']);
    expect(set.height(2)).toBe(7);
  });
});

describe('bounds', () => {
  it('a node has 20 unknown headers an hour; what is verified stays free', () => {
    const { set, clock } = fresh();
    const unknown = upTo(6, 4).slice(0, 25);
    const statuses = offerAll(set, unknown, node('curious')).map((offer) => offer.status);
    expect(statuses).toEqual([...Array(20).fill('unknown'), ...Array(5).fill('refused')]);
    expect(set.offer(encodeHeader(unknown[24]!), node('curious'))).toMatchObject({ status: 'refused' });
    expect(offerAll(set, upTo(1)).every((offer) => offer.status === 'verified')).toBe(true);
    expect(offerAll(set, upTo(1), node('curious')).every((offer) => offer.status === 'known')).toBe(true);
    clock.ms += 3_600_000;
    expect(set.offer(encodeHeader(unknown[24]!), node('curious')).status).toBe('unknown');
  });

  it('only so many headers wait', () => {
    const { set } = fresh({ maxUnknown: 5 });
    offerAll(set, upTo(4, 3), node('reference', { reference: true }));
    expect(set.stats.waiting).toBe(5);
  });

  it('the past is forgotten below its depth, and headers of it are unknown for good', () => {
    const { set } = fresh({ depth: 5 });
    offerAll(set, upTo(30));
    expect(set.stats.held).toBeLessThanOrEqual((5 + 16 + 1) * 10);
    expect(set.get(braid.at(0, 2).hash)).toBeUndefined();
    const [offer] = offerAll(set, [braid.at(0, 2)]);
    expect(offer).toMatchObject({ status: 'unknown', missing: [] });
    expect(heights(set)).toEqual(Array(10).fill(30));
  });

  it('goes on from a checkpoint of its own', () => {
    const { set, clock } = fresh();
    offerAll(set, upTo(10));
    const checkpoint = set.checkpoint(4)!;
    expect(checkpoint.headers).toEqual(braid.level(6));
    expect(set.checkpoint(11)).toBeUndefined();
    const next = new VerifiedSet({ checkpoint, clock });
    offerAll(next, upTo(20, 7));
    expect(next.heads()).toEqual(braid.level(20));
  });
});

describe('forks', () => {
  const fork = braid.fork(10, 2);
  fork.mineTo(14);

  it('win by weight in all, not by coming first or being told often', () => {
    const { set } = fresh();
    offerAll(set, upTo(12));
    const branch = CHAINS.map((chain) => [11, 12, 13].map((height) => fork.at(chain, height)));
    const levels = [0, 1, 2].map((at) => branch.map((headers) => headers[at]!));
    offerAll(set, levels.slice(0, 2).flat());
    expect(set.heads()).toEqual(braid.level(12));
    expect(set.onCanonical(fork.at(4, 12).hash)).toBe(false);
    const offers = offerAll(set, levels[2]!);
    expect(offers[0]).toMatchObject({ status: 'verified', headMoved: true });
    expect(set.heads()).toEqual(fork.level(13));
    expect(set.onCanonical(braid.at(4, 12).hash)).toBe(false);
    expect(set.onCanonical(fork.at(4, 12).hash)).toBe(true);
    expect(set.onCanonical(braid.at(4, 10).hash)).toBe(true);
    offerAll(set, upTo(15, 13));
    expect(set.heads()).toEqual(braid.level(15));
    expect(set.onCanonical(braid.at(4, 12).hash)).toBe(true);
  });

  it('of two blocks found at once, the one that is built on wins', () => {
    const { set } = fresh();
    offerAll(set, upTo(10));
    const twin = braid.fork(10, 3);
    const sibling = twin.mine(0, 11);
    offerAll(set, braid.level(11));
    expect(offerAll(set, [sibling])).toMatchObject([{ status: 'verified', headMoved: false }]);
    // The others mined the same blocks as before: only chain 0 differs.
    const mixed = braid.fork(10, 1);
    for (const chain of CHAINS.slice(1)) {
      mixed.mine(chain, 11);
    }
    expect(mixed.at(3, 11)).toEqual(braid.at(3, 11));
    mixed.adopt(sibling);
    const heir = mixed.mine(0, 12);
    expect(offerAll(set, [heir])).toMatchObject([{ status: 'verified', headMoved: true }]);
    expect(set.head(0)).toEqual(heir);
    expect(set.onCanonical(braid.at(0, 11).hash)).toBe(false);
    expect(set.head(3)).toEqual(braid.at(3, 11));
  });

  it('of a single chain get no further than their neighbours know of', () => {
    const { set } = fresh();
    offerAll(set, upTo(11));
    const lone = braid.fork(11, 5);
    const first = lone.mine(0, 12, 7);
    offerAll(set, braid.level(12));
    for (const header of braid.level(12).slice(1)) {
      lone.adopt(header);
    }
    const second = lone.mine(0, 13);
    offerAll(
      set,
      CHAINS.slice(1).map((chain) => braid.at(chain, 13)),
    );
    const before = set.heads();
    expect(offerAll(set, [first, second])).toMatchObject([
      { status: 'verified', headMoved: false },
      // Heavier on its chain, but it would cost the neighbours that rest on the other block more.
      { status: 'verified', headMoved: false },
    ]);
    expect(set.heads()).toEqual(before);
    for (const chain of CHAINS.slice(1)) {
      lone.adopt(braid.at(chain, 13));
    }
    expect(offerAll(set, [lone.mine(0, 14)])).toMatchObject([{ status: 'invalid', code: 'wrong_braiding' }]);
  });

  it('leave the heads a braid, and never a lighter one, in every order', () => {
    const reference = node('reference', { reference: true });
    const both = [11, 12, 13, 14].flatMap((height) => [...fork.level(height), ...braid.level(height)]);
    fc.assert(
      fc.property(fc.shuffledSubarray(both, { minLength: both.length }), (headers) => {
        const { set } = fresh();
        offerAll(set, upTo(10));
        let weight = 0n;
        for (const header of headers) {
          offerAll(set, [header], reference);
          const now = set.heads().reduce((sum, head) => sum + head.weight, 0n);
          expect(now).toBeGreaterThanOrEqual(weight);
          weight = now;
          expectBraid(set.heads());
        }
        expect(set.heads().every((head) => head.height === 14)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it('show in the lag', () => {
    const { set } = fresh();
    offerAll(set, upTo(14));
    offerAll(
      set,
      [11, 12].flatMap((height) => fork.level(height)),
    );
    const tip = (chain: number, header: Header) => ({ chain, hash: header.hash });
    const nobody = Buffer.alloc(32, 1).toString('base64url');
    const lags = set.lag([
      tip(0, braid.at(0, 14)),
      tip(1, braid.at(1, 9)),
      tip(2, fork.at(2, 12)),
      { chain: 3, hash: nobody },
      tip(4, braid.at(5, 14)),
      { chain: 5, hash: nobody, height: 99 },
    ]);
    expect(lags).toEqual([
      { chain: 0, state: 'tip', lag: 0, height: 14, forkDepth: 0 },
      { chain: 1, state: 'behind', lag: 5, height: 9, forkDepth: 0 },
      { chain: 2, state: 'forked', lag: 4, height: 12, forkDepth: 2 },
      { chain: 3, state: 'unknown', lag: null, height: null, forkDepth: 0 },
      { chain: 4, state: 'unknown', lag: null, height: null, forkDepth: 0 },
      { chain: 5, state: 'unknown', lag: null, height: null, forkDepth: 0 },
    ]);
  });

  it('a claim to be far behind is believed, since nobody gains by it', () => {
    const { set } = fresh({ depth: 5 });
    offerAll(set, upTo(30));
    const { hash } = braid.at(0, 3);
    expect(set.lag([{ chain: 0, hash, height: 3 }])).toMatchObject([{ state: 'behind', lag: 27 }]);
    expect(set.lag([{ chain: 0, hash, height: 29 }])).toMatchObject([{ state: 'unknown', lag: null }]);
  });

  it('a node is at the tip when every chain is within three blocks', () => {
    const { set } = fresh();
    offerAll(set, upTo(10));
    const tips = (height: number) => CHAINS.map((chain) => ({ chain, hash: braid.at(chain, height).hash }));
    expect(set.atTip(set.lag(tips(7)))).toBe(true);
    expect(set.atTip(set.lag([...tips(10).slice(1), tips(6)[0]!]))).toBe(false);
    expect(set.atTip(set.lag(tips(10).slice(1)))).toBe(false);
    expect(set.atTip(set.lag(tips(9), braid.level(3)))).toBe(true);
  });
});
