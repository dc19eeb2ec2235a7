import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../crypto/node.ts';
import { portableCrypto } from '../crypto/portable.ts';
import { auditAnswer } from './audit-answer.ts';
import type { Payload } from './payload.ts';

const bytes = fc.uint8Array({ maxLength: 6 });
const payload: fc.Arbitrary<Payload> = fc.record({
  minerData: bytes,
  transactions: fc.array(bytes, { maxLength: 3 }),
  outputsHash: fc.constantFrom('A'.repeat(43), `B${'A'.repeat(42)}`),
});
const asked = fc.record({
  nonce: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  nodeId: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  payloads: fc.array(payload, { maxLength: 4 }),
});
type Asked = Parameters<typeof auditAnswer>[1];

function answer(by: Asked, hash = nodeCrypto.hash): string {
  return Buffer.from(auditAnswer(hash, by)).toString('hex');
}

function plain(by: Asked): string {
  return JSON.stringify(by, (_key, value) => (value instanceof Uint8Array ? [...value] : value));
}

describe('an answer to an audit', () => {
  it('is another one for any other question, node or payloads', () => {
    fc.assert(
      fc.property(asked, asked, (a, b) => {
        expect(answer(a) === answer(b)).toBe(plain(a) === plain(b));
      }),
    );
  });

  it('does not take what one part ends with for the beginning of the next', () => {
    const [nonce, nodeId] = [new Uint8Array(16), new Uint8Array(32)];
    const of = (minerData: number[], ...transactions: number[][]): Asked => ({
      ...{ nonce, nodeId },
      payloads: [
        {
          minerData: Uint8Array.from(minerData),
          transactions: transactions.map((each) => Uint8Array.from(each)),
          outputsHash: 'A'.repeat(43),
        },
      ],
    });
    const answers = [of([1, 2]), of([1], [2]), of([], [1, 2]), of([1, 2], [])].map((by) => answer(by));
    expect(new Set(answers).size).toBe(4);
  });

  it('is the same by both implementations of the hash', () => {
    fc.assert(
      fc.property(asked, (by) => {
        expect(answer(by, portableCrypto.hash)).toBe(answer(by));
      }),
      { numRuns: 20 },
    );
  });
});
