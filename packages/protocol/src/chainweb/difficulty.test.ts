import { describe, expect, it } from 'vitest';
import { meetsTarget, nextEpochStart, nextTarget, workOf } from './difficulty.ts';
import { decodeHeaderText, type Header } from './header.ts';
import { firstOfEpoch, openapiHeaders } from './mainnet.fixture.ts';
import { stoaNetwork } from './network.ts';
import { MAX_UINT256, readUint256, writeUint256 } from './uint256.ts';

const template = decodeHeaderText(String(openapiHeaders[0]));
const HOUR = 3_600_000_000n;

function block(fields: Partial<Header>): Header {
  return { ...template, epochStart: 0n, creationTime: HOUR, target: 1_000_000n, ...fields };
}

/** Three adjacent blocks that equal the parent. */
const three = (parent: Header): Header[] => [parent, parent, parent];

describe('nextTarget', () => {
  it('stays within an epoch', () => {
    const parent = block({ height: 1_200_000, target: 77n });
    expect(nextTarget(stoaNetwork, parent, three(parent))).toBe(77n);
  });

  it.each([
    ['an epoch on time keeps it', HOUR, 1_000_000n],
    ['twice the time doubles it', 2n * HOUR, 2_000_000n],
    ['half the time halves it', HOUR / 2n, 500_000n],
    ['a step has no other bound', HOUR / 1_000n, 1_000n],
    ['fractions round up', 1n, 1n],
  ])('after an epoch: %s', (_what, creationTime, target) => {
    const parent = block({ height: 1_199_999, creationTime });
    expect(nextTarget(stoaNetwork, parent, three(parent))).toBe(target);
  });

  it('never exceeds the largest target', () => {
    const parent = block({ height: 119_999, creationTime: 9n * HOUR, target: MAX_UINT256 / 2n });
    expect(nextTarget(stoaNetwork, parent, three(parent))).toBe(MAX_UINT256);
  });

  it('is the mean over the parent and the adjacent parents, each by its own epoch, rounded down', () => {
    const parent = block({ height: 1_199_999, creationTime: 2n * HOUR });
    const adjacents = [
      block({ height: 1_199_999, target: 3n }),
      block({ height: 1_199_999, epochStart: HOUR, creationTime: 3n * HOUR, target: 5n }),
      block({ height: 1_199_999, target: 0n }),
    ];
    expect(nextTarget(stoaNetwork, parent, adjacents)).toBe((2_000_000n + 3n + 10n) / 4n);
  });

  it.each([
    [10, false],
    [11, true],
    [119, true],
    [120, false],
    [131, false],
    [239, true],
  ])('a young network adjusts ten times as often: end of epoch at height %i is %s', (height, ends) => {
    const parent = block({ height, creationTime: 2n * HOUR });
    const next = nextTarget(stoaNetwork, parent, three(parent));
    expect(next).toBe(ends ? (height < 120 ? 20_000_000n : 2_000_000n) : 1_000_000n);
    expect(nextEpochStart(stoaNetwork, parent)).toBe(ends ? 2n * HOUR : 0n);
  });

  it('computes what mainnet mined', () => {
    const parent = decodeHeaderText(firstOfEpoch.parent);
    const child = decodeHeaderText(firstOfEpoch.header);
    const adjacents = firstOfEpoch.adjacents.map(decodeHeaderText);
    expect(nextTarget(stoaNetwork, parent, adjacents)).toBe(child.target);
    expect(child.target).not.toBe(parent.target);
    expect(nextEpochStart(stoaNetwork, parent)).toBe(child.epochStart);
    expect(parent.weight + workOf(child.target)).toBe(child.weight);
  });
});

it('starts the first epoch with block 1, where the network says so', () => {
  const first = block({ height: 1 });
  expect(nextEpochStart(stoaNetwork, first)).toBe(HOUR);
  expect(nextEpochStart({ ...stoaNetwork, firstEpochFromFirstBlock: false }, first)).toBe(0n);
});

it('a hash that equals the target meets it, the next one does not', () => {
  const bytes = new Uint8Array(32);
  writeUint256(12_345n << 100n, bytes);
  expect(readUint256(bytes)).toBe(12_345n << 100n);
  expect(meetsTarget(bytes, 12_345n << 100n)).toBe(true);
  expect(meetsTarget(bytes, (12_345n << 100n) - 1n)).toBe(false);
  expect(() => writeUint256(MAX_UINT256 + 1n, bytes)).toThrow(RangeError);
  expect(() => writeUint256(-1n, bytes)).toThrow(RangeError);
});
