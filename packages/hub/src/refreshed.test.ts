import { describe, expect, it } from 'vitest';
import { Refreshed } from './refreshed.ts';

function subject({ takesMs = 0 } = {}) {
  const clock = { time: 1_000_000, now: () => clock.time };
  const state = { loads: 0, fail: false };
  const refreshed = new Refreshed({
    clock,
    load: async () => {
      state.loads += 1;
      await Promise.resolve();
      clock.time += takesMs;
      if (state.fail) throw new Error('away');
      return state.loads;
    },
  });
  return { clock, state, refreshed };
}

describe('Refreshed', () => {
  it('loads once for all who ask, and again after a second', async () => {
    const { clock, refreshed } = subject();
    expect(await Promise.all([refreshed.read(), refreshed.read(), refreshed.read()])).toEqual([1, 1, 1]);
    clock.time += 999;
    expect(await refreshed.read()).toBe(1);
    clock.time += 1;
    // Shown while the next is under way, then replaced.
    expect(await refreshed.read()).toBe(1);
    await new Promise(setImmediate);
    expect(await refreshed.read()).toBe(2);
  });

  it('waits rather than show what is much too old', async () => {
    const { clock, refreshed } = subject();
    await refreshed.read();
    clock.time += 31_001;
    expect(await refreshed.read()).toBe(2);
  });

  it('spends a fiftieth of the time at most', async () => {
    const { clock, state, refreshed } = subject({ takesMs: 200 });
    await refreshed.read();
    clock.time += 9_999;
    await refreshed.read();
    expect(state.loads).toBe(1);
    clock.time += 1;
    await refreshed.read();
    expect(state.loads).toBe(2);
  });

  it('fails only those who have nothing to be shown', async () => {
    const { clock, state, refreshed } = subject();
    state.fail = true;
    await expect(refreshed.read()).rejects.toThrow('away');
    state.fail = false;
    expect(await refreshed.read()).toBe(2);
    state.fail = true;
    clock.time += 1_000;
    expect(await refreshed.read()).toBe(2);
    clock.time += 31_000;
    await expect(refreshed.read()).rejects.toThrow('away');
  });
});
