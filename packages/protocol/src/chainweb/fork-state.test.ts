import { describe, expect, it } from 'vitest';
import { forkStateFault } from './fork-state.ts';
import { decodeHeaderText, type Header } from './header.ts';
import { openapiHeaders } from './mainnet.fixture.ts';

const template = decodeHeaderText(String(openapiHeaders[0]));
const EPOCH = 14_400;

function block(height: number, votes: number, number = 0): Header {
  return { ...template, height, featureFlags: (BigInt(votes) << 32n) | BigInt(number) };
}

/** A child of a parent whose adjacent blocks equal it. */
function fault(child: Header, parent: Header, adjacent: Header = parent): string | undefined {
  return forkStateFault(child, parent, [adjacent, adjacent, adjacent]);
}

describe('while miners vote', () => {
  it.each([
    [3_000, true],
    [4_000, true],
    [2_000, false],
    [5_000, false],
    [3_001, false],
  ])('after 3,000 votes %i is right: %s', (votes, right) => {
    expect(fault(block(EPOCH + 7, votes), block(EPOCH + 6, 3_000)) === undefined).toBe(right);
  });

  it('keeps the fork number', () => {
    expect(fault(block(EPOCH + 7, 0, 4), block(EPOCH + 6, 0, 4))).toBeUndefined();
    expect(fault(block(EPOCH + 7, 0, 5), block(EPOCH + 6, 0, 4))).toContain('fork number');
  });
});

it('while votes are counted, a block carries the mean of its parents', () => {
  const [height, parent, adjacent] = [2 * EPOCH - 120, 2_000, 1_001];
  const child = (votes: number): Header => block(height, votes);
  const mean = Math.floor((parent + 3 * adjacent) / 4);
  expect(fault(child(mean), block(height - 1, parent), block(height - 1, adjacent))).toBeUndefined();
  expect(fault(child(parent), block(height - 1, parent), block(height - 1, adjacent))).toContain('mean');
});

describe('at the start of a fork epoch', () => {
  it('votes begin anew', () => {
    expect(fault(block(EPOCH, 0), block(EPOCH - 1, 5_000))).toBeUndefined();
    expect(fault(block(EPOCH, 1_000), block(EPOCH - 1, 5_000))).toBeUndefined();
    expect(fault(block(EPOCH, 5_000), block(EPOCH - 1, 5_000))).toContain('fork votes');
  });

  it.each([
    [9_519_499, 0],
    [9_519_500, 1],
    [9_520_000, 1],
    [14_280_000, 1],
  ])('%i votes move the fork number by %i', (votes, step) => {
    expect(fault(block(EPOCH, 0, 3 + step), block(EPOCH - 1, votes, 3))).toBeUndefined();
    expect(fault(block(EPOCH, 0, 4 - step), block(EPOCH - 1, votes, 3))).toContain('fork number');
  });

  it('rounds half votes to even', () => {
    expect(fault(block(EPOCH, 0, 0), block(EPOCH - 1, 9_518_500))).toBeUndefined();
  });
});
