import { describe, expect, it } from 'vitest';
import { Questions } from './questions.ts';

describe('questions of nodes', () => {
  it('are answered once a minute and node, whatever its sessions; few at a time, in their order', async () => {
    let now = 1e12;
    const questions = new Questions({ now: () => now });
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const ask = (nodeId: string) =>
      questions.ask(nodeId, () => {
        begun.push(nodeId);
        return new Promise((resolve) => ends.push(resolve));
      });
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map(ask);
    now += 60_000;
    // Still waiting, however long ago it asked.
    expect(await ask('f')).toBe(false);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    for (const expected of ['e', 'f', undefined, undefined, undefined, undefined]) {
      ends.shift()!();
      await new Promise((resolve) => setImmediate(resolve));
      if (expected !== undefined) expect(begun.at(-1)).toBe(expected);
    }
    expect(await Promise.all(all)).toEqual(all.map(() => true));
    const again = ask('a');
    await new Promise((resolve) => setImmediate(resolve));
    ends.shift()!();
    expect([await again, await ask('a')]).toEqual([true, false]);
  });

  it('give their place to the next where an answer fails', async () => {
    const questions = new Questions({ now: () => 1e12 });
    const fail = () => Promise.reject(new Error('away'));
    for (const nodeId of ['a', 'b', 'c', 'd', 'e'])
      await expect(questions.ask(nodeId, fail)).rejects.toThrow('away');
    expect(await questions.ask('f', async () => undefined)).toBe(true);
  });
});
