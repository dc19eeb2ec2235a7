import { expect, it } from 'vitest';
import { TipMarks } from './tip-marks.ts';

it('a tip claimed of another chain neither spoils the true one nor stands for it', () => {
  const marks = new TipMarks();
  const claimed = marks.hold({ chain: 7, hash: 'h' });
  const reported = marks.hold({ chain: 3, hash: 'h' });
  const isNear = ({ chain }: { chain: number }) => chain === 3;
  marks.judge(isNear);
  expect([marks.near[claimed], marks.near[reported]]).toEqual([0, 1]);
  marks.release(claimed);
  expect(marks.hold({ chain: 3, hash: 'h' })).toBe(reported);
  marks.judge(isNear);
  expect([marks.near[claimed], marks.near[reported]]).toEqual([0, 1]);
});
