import { describe, expect, it } from 'vitest';
import { workOf } from './difficulty.ts';
import { decodeHeaderText, type Header } from './header.ts';
import { headerHash } from './header-hash.ts';
import { firstOfEpoch, lastOfEpoch, mainnet, type Step } from './mainnet.fixture.ts';
import { stoaNetwork } from './network.ts';
import { MAX_UINT256 } from './uint256.ts';
import { type HeaderContext, validateAlone, validateHeader } from './validation.ts';

function decodeStep(step: Step): { header: Header; context: HeaderContext } {
  const header = decodeHeaderText(step.header);
  const adjacents = step.adjacents.map(decodeHeaderText);
  const context: HeaderContext = {
    network: mainnet,
    parent: decodeHeaderText(step.parent),
    adjacentParents: new Map(adjacents.map((each) => [each.chain, each])),
    now: header.creationTime,
  };
  return { header, context };
}

const { header, context } = decodeStep(firstOfEpoch);
const { parent } = context;
const [neighbour] = [...context.adjacentParents.values()];

/** A forger recomputes the hash of what he changed. */
function rehash(changed: Header): Header {
  return { ...changed, hash: headerHash(changed) };
}

describe.each([
  ['within an epoch', lastOfEpoch],
  ['at the start of an epoch', firstOfEpoch],
])('a mainnet block %s', (_where, step) => {
  it('is valid with its parents', () => {
    const { header: child, context: parents } = decodeStep(step);
    expect(validateHeader(child, parents)).toEqual({ valid: true });
  });
});

describe('forgeries', () => {
  const later = (us: bigint): Header => rehash({ ...header, creationTime: header.creationTime + us });

  it.each<[string, Partial<Header>]>([
    ['wrong_network', { versionCode: 10 }],
    ['wrong_chain', { chain: 99 }],
    ['wrong_adjacents', { adjacents: header.adjacents.map((each) => ({ ...each, chain: each.chain + 1 })) }],
    ['wrong_adjacents', { adjacents: header.adjacents.map((each) => ({ ...each, hash: parent.hash })) }],
    ['wrong_parent', { parent: header.hash }],
    ['wrong_height', { height: 99_999_999 }],
    ['created_before_parent', { creationTime: parent.creationTime }],
    ['wrong_epoch_start', { epochStart: parent.epochStart }],
    ['wrong_target', { target: MAX_UINT256, weight: parent.weight + 1n }],
    ['wrong_target', { target: parent.target, weight: parent.weight + workOf(parent.target) }],
    ['wrong_weight', { weight: header.weight * 2n }],
    ['wrong_weight', { weight: header.weight + 1n }],
    ['wrong_fork_state', { featureFlags: 1n }],
    ['wrong_fork_state', { featureFlags: 2_000n << 32n }],
    ['wrong_work', { nonce: header.nonce + 1n }],
  ])('%s (%#)', (code, change) => {
    expect(validateHeader(rehash({ ...header, ...change }), context)).toMatchObject({ valid: false, code });
  });

  it('a hash that is not that of the fields', () => {
    expect(validateHeader({ ...header, payloadHash: parent.hash }, context)).toMatchObject({
      code: 'wrong_hash',
    });
    expect(validateHeader({ ...header, hash: parent.hash }, context)).toMatchObject({ code: 'wrong_hash' });
  });

  it('a block as young as a block of an adjacent chain', () => {
    const old = { ...context, parent: { ...parent } };
    const youngest = [...context.adjacentParents.values()].reduce((a, b) =>
      a.creationTime > b.creationTime ? a : b,
    );
    expect(youngest.creationTime).toBeGreaterThan(parent.creationTime);
    const twin = rehash({ ...header, creationTime: youngest.creationTime });
    expect(validateHeader(twin, old)).toMatchObject({ code: 'created_before_parent' });
  });

  it('an adjacent parent of another height', () => {
    const taller = new Map(context.adjacentParents);
    taller.set(5, { ...neighbour!, height: neighbour!.height + 1 });
    expect(validateHeader(header, { ...context, adjacentParents: taller })).toMatchObject({
      code: 'wrong_braiding',
    });
  });

  it('an adjacent parent that rests on another fork of this chain, or this chain on one of its', () => {
    const elsewhere = {
      ...neighbour!,
      adjacents: neighbour!.adjacents.map((each) => ({ ...each, hash: header.hash })),
    };
    const adjacentParents = new Map(context.adjacentParents).set(5, elsewhere);
    expect(validateHeader(header, { ...context, adjacentParents })).toMatchObject({ code: 'wrong_braiding' });
    const parentElsewhere = { ...parent, adjacents: elsewhere.adjacents };
    expect(validateHeader(header, { ...context, parent: parentElsewhere })).toMatchObject({
      code: 'wrong_braiding',
    });
  });

  it('an adjacent parent that is missing', () => {
    expect(validateHeader(header, { ...context, adjacentParents: new Map() })).toMatchObject({
      code: 'wrong_adjacents',
    });
  });

  it('a block from the future, unless it has another fault as well', () => {
    const early = { ...context, now: header.creationTime - 1n };
    expect(validateHeader(header, early)).toMatchObject({ valid: false, code: 'in_the_future' });
    expect(validateHeader(later(10n), early)).toMatchObject({ code: 'wrong_work' });
  });
});

it('alone, a header mined at its own easiest target passes: that is why alone proves nothing', () => {
  const forged = rehash({ ...header, target: MAX_UINT256, height: 99_999_999 });
  expect(validateAlone(forged, mainnet)).toEqual({ valid: true });
  expect(validateAlone(forged, stoaNetwork)).toMatchObject({ code: 'wrong_network' });
});
