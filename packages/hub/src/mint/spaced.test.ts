import { describe, expect, it } from 'vitest';
import { Spaced } from './spaced.ts';

describe('an act that is spaced', () => {
  it('fails as it did last until it is done again, and is done again only after its time', async () => {
    const clock = { at: 0, now: () => clock.at };
    const spaced = new Spaced<string>(clock, 30);
    let fails = true;
    const done: number[] = [];
    const act = async () => {
      done.push(clock.at);
      if (fails) throw new Error(`failed at ${clock.at}`);
      return `done at ${clock.at}`;
    };
    for (clock.at = 0; clock.at < 30; clock.at += 5)
      await expect(spaced.do('a', act)).rejects.toThrow('failed at 0');
    fails = false;
    for (clock.at = 30; clock.at < 60; clock.at += 5) expect(await spaced.do('a', act)).toBe('done at 30');
    expect(done).toEqual([0, 30]);
    expect(await spaced.do('b', act)).toBe('done at 60');
    clock.at = 65;
    expect(await spaced.do('c', act)).toBe('done at 65');
  });
});
