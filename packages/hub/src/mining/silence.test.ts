import { seededRandom } from '@stoa/protocol/fixtures';
import { describe, expect, it } from 'vitest';
import { isSilent, LEAST_BLOCKS, silentAfterMs, usualGapMs } from './silence.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const history = (blocks: number, gapMs: number) => ({
  ...{ blocks, firstAt: 0, lastAt: (blocks - 1) * gapMs },
});

describe('a mining key', () => {
  it('is silent once it waits for much longer than by its history; the shorter that is, the longer', () => {
    const times = (blocks: number) => silentAfterMs(history(blocks, DAY_MS))! / DAY_MS;
    expect([times(100), times(30), times(10)].map((one) => Math.round(one * 10) / 10)).toEqual([
      9.7, 10.8, 16,
    ]);
    const key = history(50, DAY_MS);
    const after = silentAfterMs(key)!;
    expect([isSilent(key, key.lastAt + after - 1), isSilent(key, key.lastAt + after + 1)]).toEqual([
      false,
      true,
    ]);
    expect(usualGapMs(key)).toBe(DAY_MS);
  });

  it('is never silent without a history, nor within an hour', () => {
    const few = history(LEAST_BLOCKS - 1, 1_000);
    expect([usualGapMs(few), silentAfterMs(few), isSilent(few, 10_000 * DAY_MS)]).toEqual([
      ...[undefined, undefined, false],
    ]);
    expect(silentAfterMs(history(100, 30_000))).toBe(HOUR_MS);
  });

  it('waits so long by chance as often as is said', () => {
    const random = seededRandom('blocks');
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const gap = () => -Math.log((view(random(4)) + 0.5) / 2 ** 32) * DAY_MS;
    const [chance, trials] = [0.01, 20_000];
    for (const blocks of [LEAST_BLOCKS, 40]) {
      let late = 0;
      for (let i = 0; i < trials; i += 1) {
        let span = 0;
        for (let n = 1; n < blocks; n += 1) span += gap();
        if (gap() > silentAfterMs({ blocks, firstAt: 0, lastAt: span }, chance)!) late += 1;
      }
      // Four standard deviations of 200 are 56.
      expect(Math.abs(late - chance * trials), `${late} of ${trials} by ${blocks} blocks`).toBeLessThan(57);
    }
  });
});
