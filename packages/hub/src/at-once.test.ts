import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mapAtOnce } from './at-once.ts';

it('maps all in their order, no more at once than was said', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      async (turns, most) => {
        let [underWay, peak] = [0, 0];
        const made = await mapAtOnce(turns, most, async (count, at) => {
          underWay += 1;
          peak = Math.max(peak, underWay);
          for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
          underWay -= 1;
          return `${at}:${count}`;
        });
        expect(made).toEqual(turns.map((count, at) => `${at}:${count}`));
        expect(peak).toBe(Math.min(most, turns.length));
      },
    ),
  );
});

it('rejects by the first that rejects, and begins no more', async () => {
  const begun: number[] = [];
  const asked = mapAtOnce([0, 1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('no');
    await Promise.resolve();
  });
  await expect(asked).rejects.toThrow('no');
  expect(begun).toEqual([0, 1]);
});
