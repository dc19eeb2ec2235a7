import { describe, expect, it } from 'vitest';
import { type LatencyVector, likenessOf } from './latency.ts';

const day = (ms: (hour: number) => number, hours = 24): LatencyVector =>
  new Map(Array.from({ length: hours }, (_, hour) => [hour, ms(hour)]));

describe('round trips of nodes', () => {
  it('are alike where they rise and fall together, hour by hour', () => {
    const evening = (hour: number) => 20 + (hour > 17 ? 30 : 0);
    const same = [day(evening), day((hour) => evening(hour) + 1.5)];
    const other = day((hour) => 20 + (hour < 6 ? 30 : 0));
    expect(likenessOf([...same, other])).toEqual({ alike: 1, pairs: 3 });
  });

  it('tell nothing of nodes that have few hours in common', () => {
    expect(likenessOf([day(() => 5, 5), day(() => 5)])).toEqual({ alike: 0, pairs: 0 });
    expect(likenessOf([])).toEqual({ alike: 0, pairs: 0 });
  });
});
