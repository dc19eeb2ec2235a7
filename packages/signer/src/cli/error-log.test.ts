import { expect, test } from 'vitest';
import { ErrorLog } from '#cli/error-log.ts';
import { SignerError } from '#error.ts';

test('F27: a caller that hammers costs one line a minute, which counts the rest', () => {
  const clock = { at: 0, now: () => clock.at };
  const lines: string[] = [];
  const log = new ErrorLog({ clock, write: (line) => lines.push(line) });
  for (let second = 0; second <= 60; second += 1) {
    clock.at = second * 1_000;
    for (let n = 0; n < 100; n += 1) log.add('enrol', new SignerError('quota_exceeded', 'too many'));
  }
  log.add('rotate', new SignerError('bad_rotation', 'forged'));
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { at: '1970-01-01T00:00:00.000Z', event: 'enrol', code: 'quota_exceeded', message: 'too many' },
    {
      at: '1970-01-01T00:01:00.000Z',
      event: 'enrol',
      code: 'quota_exceeded',
      message: 'too many',
      unseen: 5_999,
    },
    { at: '1970-01-01T00:01:00.000Z', event: 'rotate', code: 'bad_rotation', message: 'forged' },
  ]);
});

test('an error without a code keeps its stack', () => {
  const lines: string[] = [];
  const log = new ErrorLog({ clock: { now: () => 0 }, write: (line) => lines.push(line) });
  log.add('enrol', new TypeError('a bug'));
  expect(JSON.parse(lines[0]!)).toMatchObject({
    code: 'unknown',
    stack: expect.stringContaining('TypeError: a bug'),
  });
});
