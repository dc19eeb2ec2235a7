import { describe, expect, it } from 'vitest';
import { type GapLink, gapMinutes, minutesWithin } from './gap.ts';

const HOUR = 1_000;
const BOOT = new Uint8Array(16).fill(7);
/** Two hours from half past. */
const gap = { from: HOUR * 60 + 30, until: (HOUR + 2) * 60 + 30 };

/** A process that runs since 90 minutes before the hour in which the gap begins. */
function chainTo(hubHour: number): GapLink[] {
  return Array.from({ length: hubHour - HOUR + 1 }, (_, i) => ({
    hubHour: HOUR + i,
    number: 5 + i,
    hash: new Uint8Array(32).fill(i + 1),
    previous: new Uint8Array(32).fill(i),
    bootId: BOOT,
    uptimeMs: (90 + 60 * (i + 1)) * 60_000,
  }));
}

const eligible = { is: 'eligible', bootId: BOOT } as const;
const standing = { before: eligible, after: eligible };
const granted = (chain: GapLink[], hubHour: number) =>
  gapMinutes(gap, hubHour, { ...standing, chain }).minutes;

describe('F03 a gap of the hub', () => {
  it('is granted minute by minute to a node whose own evidence covers it', () => {
    const minutes = [HOUR, HOUR + 1, HOUR + 2].map((hour) => granted(chainTo(hour), hour));
    expect(minutes).toEqual([((1n << 30n) - 1n) << 30n, (1n << 60n) - 1n, (1n << 30n) - 1n]);
    expect(minutesWithin(gap, HOUR - 1)).toBe(0n);
    expect(minutesWithin(gap, HOUR + 3)).toBe(0n);
  });

  it.each(['before', 'after'] as const)('is nothing to a node that was not eligible %s it', (side) => {
    const another = { is: 'eligible', bootId: new Uint8Array(16).fill(8) } as const;
    for (const other of [{ is: 'failing', bootId: BOOT } as const, another, undefined]) {
      const witness = { ...standing, [side]: other };
      expect(gapMinutes(gap, HOUR, { ...witness, chain: chainTo(HOUR) }).minutes).toBe(0n);
    }
  });

  it('is granted whatever ran before the hour in which it begins', () => {
    const earlier = { ...chainTo(HOUR)[0]!, hubHour: HOUR - 1, bootId: new Uint8Array(16).fill(9) };
    expect(granted([earlier, ...chainTo(HOUR)], HOUR)).toBe(minutesWithin(gap, HOUR));
    const asleep = { ...chainTo(HOUR)[0]!, hubHour: HOUR - 1, number: 4, hash: new Uint8Array(32) };
    expect(granted([asleep, ...chainTo(HOUR)], HOUR)).toBe(0n);
  });

  it('waits with the rest of the warm-up where a node was in it', () => {
    expect(
      gapMinutes(gap, HOUR, { ...standing, before: { ...eligible, is: 'warming' }, chain: chainTo(HOUR) }),
    ).toEqual({
      minutes: minutesWithin(gap, HOUR),
      warming: true,
    });
  });

  it.each<[string, (link: GapLink, i: number) => GapLink | undefined]>([
    ['was off for an hour: there is no checkpoint of it', (link, i) => (i === 1 ? undefined : link)],
    ['started anew', (link, i) => (i === 2 ? { ...link, uptimeMs: 59 * 60_000 } : link)],
    ['is another boot', (link, i) => (i === 2 ? { ...link, bootId: new Uint8Array(16).fill(8) } : link)],
    [
      'slept: its monotonic clock stood',
      (link, i) => (i > 0 ? { ...link, uptimeMs: link.uptimeMs - 100 * 60_000 } : link),
    ],
    ['forged a link', (link, i) => (i === 1 ? { ...link, previous: new Uint8Array(32).fill(99) } : link)],
    ['left a number out', (link, i) => (i === 2 ? { ...link, number: link.number + 1 } : link)],
  ])('is nothing to a node that %s', (_what, change) => {
    const chain = chainTo(HOUR + 2).map(change);
    expect(
      granted(
        chain.filter((link) => link !== undefined),
        HOUR + 2,
      ),
    ).toBe(0n);
  });
});
