import { MAX_EVIDENCE_BYTES } from '@stoa/protocol/stoicism';
import { expect, it } from 'vitest';
import { textOf } from './evidence-text.ts';

it('reads nothing of a file that is too large', async () => {
  const read: string[] = [];
  const file = (name: string, size: number) => ({
    ...{ name, size },
    text: async () => {
      read.push(name);
      return '{}';
    },
  });
  expect(await textOf(file('day.json', MAX_EVIDENCE_BYTES))).toBe('{}');
  expect(() => textOf(file('film.mkv', MAX_EVIDENCE_BYTES + 1))).toThrow('film.mkv has 33554433 bytes');
  expect(read).toEqual(['day.json']);
});
