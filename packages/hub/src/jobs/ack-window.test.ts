import { describe, expect, it } from 'vitest';
import { AckWindow } from './ack-window.ts';

describe('window of leases that wait for their acknowledgement', () => {
  it('F31 has room again for each that was acknowledged, and for what nobody acknowledged within two seconds', () => {
    let now = 0;
    const window = new AckWindow({ clock: { now: () => now }, most: 3 });
    for (const job of ['a', 'b', 'c', 'd']) window.sent(job);
    expect(window.room).toBe(0);
    expect([window.acknowledged('b'), window.acknowledged('b'), window.acknowledged('x')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(window.room).toBe(0);
    window.acknowledged('c');
    expect(window.room).toBe(1);
    now = 1_000;
    window.sent('a');
    now = 2_000;
    expect(window.room).toBe(2);
    now = 3_000;
    expect(window.room).toBe(3);
  });

  it('is not blocked for as long as the clock is set back by', () => {
    let now = 3_600_000;
    const window = new AckWindow({ clock: { now: () => now }, most: 1 });
    window.sent('a');
    now = 0;
    expect(window.room).toBe(1);
  });
});
