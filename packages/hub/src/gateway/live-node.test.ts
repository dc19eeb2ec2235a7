import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveNode, MinuteWords } from './live-node.ts';

const HOUR = 3_600_000;

describe('MinuteWords', () => {
  it('holds the marked minutes of the current and the previous hour, and no others', () => {
    const minutes = fc.uniqueArray(fc.nat({ max: 59 }), { maxLength: 60 });
    fc.assert(
      fc.property(minutes, minutes, (earlier, later) => {
        const words = new MinuteWords();
        const hour = 480_000;
        for (const minute of earlier.toSorted((a, b) => a - b)) words.mark(hour * HOUR + minute * 60_000);
        for (const minute of later.toSorted((a, b) => a - b))
          words.mark((hour + 1) * HOUR + minute * 60_000 + 59_999);
        const word = (marked: number[]) => marked.reduce((sum, minute) => sum | (1n << BigInt(minute)), 0n);
        expect(words.of(hour)).toBe(word(earlier));
        expect(words.of(hour + 1)).toBe(word(later));
        expect(words.of(hour + 2)).toBe(0n);
      }),
    );
  });
});

describe('LiveNode', () => {
  it('takes a tip once, and says when it is new', () => {
    const node = new LiveNode({ nodeId: 'ab', label: 'n', owner: 'o', simulated: false });
    const hash = new Uint8Array(32).fill(5);
    expect(node.tipHash(3)).toBeUndefined();
    expect(node.setTip({ chain: 3, height: 9, hash })).toBe(true);
    expect(node.setTip({ chain: 3, height: 9, hash })).toBe(false);
    expect(node.tipHash(3)).toBe(Buffer.from(hash).toString('base64url'));
    expect(node.setTip({ chain: 10, height: 9, hash })).toBe(false);
  });
});
