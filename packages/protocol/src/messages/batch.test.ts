import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import { joinBatch, splitBatch } from './batch.ts';

const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });

it('splits what it joined', () => {
  fc.assert(
    fc.property(messages, (sent) => {
      expect(splitBatch(joinBatch(sent)).map((message) => [...message])).toEqual(
        sent.map((message) => [...message]),
      );
    }),
  );
});

it('refuses a batch that was cut, wherever it was', () => {
  const batch = joinBatch([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
  for (let length = 1; length < batch.length; length += 1) {
    if (length === 7) expect(splitBatch(batch.subarray(0, length))).toHaveLength(1);
    else expect(() => splitBatch(batch.subarray(0, length))).toThrow(/ends within/);
  }
});

it('refuses a message past the bound before it is there', () => {
  const batch = new Uint8Array(4);
  new DataView(batch.buffer).setUint32(0, LIMITS.frameBytes + 1);
  expect(() => splitBatch(batch)).toThrow(/a message of 65537 bytes/);
});
