import { describe, expect, it } from 'vitest';
import type { NetworkHeads } from './network-heads.ts';
import { chainViews, readTips } from './tips.ts';

const hash = (byte: number) => Buffer.alloc(32, byte).toString('base64url');

function pack(heights: readonly number[]): Buffer {
  return Buffer.concat(
    heights.map((height, chain) => {
      const bytes = Buffer.alloc(40, height === 0 ? 0 : chain);
      bytes.writeBigUInt64BE(BigInt(height));
      return bytes;
    }),
  );
}

describe('readTips', () => {
  it('reads what was reported, and leaves out what never was', () => {
    expect(readTips(pack([7, 0, 2 ** 40]))).toEqual([
      { chain: 0, height: 7, hash: hash(0) },
      { chain: 2, height: 2 ** 40, hash: hash(2) },
    ]);
    expect(readTips(new Uint8Array())).toEqual([]);
  });

  it('reads a part of a larger buffer, as the driver gives it', () => {
    const whole = Buffer.concat([Buffer.alloc(13), pack([0, 9])]);
    expect(readTips(whole.subarray(13))).toEqual([{ chain: 1, height: 9, hash: hash(1) }]);
  });
});

describe('chainViews', () => {
  it('puts what the node says beside what the hub verified, chain by chain', () => {
    const network: NetworkHeads = {
      heads: () => [
        { chain: 0, height: 10, hash: hash(9), at: 5 },
        { chain: 2, height: 11, hash: hash(8), at: 6 },
      ],
      lag: (tips) => Array.from(tips, ({ chain }) => ({ chain, state: 'behind', lag: 3 }) as const),
    };
    const views = chainViews(network, readTips(pack([7, 7])));
    expect(
      views.map(({ chain, reported, head, standing }) => [
        chain,
        reported?.height,
        head?.height,
        standing?.lag,
      ]),
    ).toEqual([
      [0, 7, 10, 3],
      [1, 7, undefined, 3],
      [2, undefined, 11, undefined],
    ]);
  });
});
