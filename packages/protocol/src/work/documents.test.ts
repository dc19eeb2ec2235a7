import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../codec/codec.ts';
import type { Shape } from '../codec/shape.ts';
import { arbitrary } from '../fixtures/arbitrary.ts';
import { makeParties } from '../fixtures/parties.ts';
import { FRAME_OVERHEAD } from '../frame.ts';
import { LIMITS } from '../limits.ts';
import { sealedJobReceipt, sealedJobResult } from '../messages/work.ts';
import { envelope, open, peek, type SignedKind, seal } from '../signed.ts';
import { carriedOrder, jobKind, jobMessage } from './job.ts';
import { adminKeyKind, orderKind } from './order.ts';
import { jobReceiptKind, jobResultKind } from './result.ts';

const { crypto, keys, chain } = makeParties('work documents');

/** Each with the field that carries it, sealed. */
const DOCUMENTS: { kind: SignedKind<unknown>; room: number }[] = [
  { kind: jobKind as SignedKind<unknown>, room: roomOf(jobMessage.shape, 'sealed') },
  { kind: orderKind as SignedKind<unknown>, room: roomOf(carriedOrder.shape, 'sealed') },
  { kind: adminKeyKind as SignedKind<unknown>, room: roomOf(carriedOrder.shape, 'admin', 'key') },
  { kind: jobResultKind as SignedKind<unknown>, room: roomOf(sealedJobResult.shape, 'sealed') },
  { kind: jobReceiptKind as SignedKind<unknown>, room: roomOf(sealedJobReceipt.shape, 'sealed') },
];

function roomOf(shape: Shape, ...path: string[]): number {
  const [name, ...rest] = path;
  if (shape.kind === 'optional') return roomOf(shape.inner, ...path);
  if (name === undefined && shape.kind === 'bytes') return shape.max;
  if (name === undefined || shape.kind !== 'record') throw new TypeError(`no bytes at ${path.join('.')}`);
  return roomOf(shape.fields[name]!, ...rest);
}

describe.each(DOCUMENTS)('$kind.title', ({ kind, room }) => {
  it('opens as it was sealed, under its own context and key only', () => {
    fc.assert(
      fc.property(arbitrary(kind.body), (value) => {
        const sealed = seal(kind, value, keys.node);
        expect(open(kind, sealed, crypto, keys.node.publicKey)).toEqual(value);
        expect(peek(kind, sealed)).toEqual(value);
        for (const { kind: other } of DOCUMENTS)
          if (other !== kind)
            expect(() => open(other, sealed, crypto, keys.node.publicKey)).toThrow(
              expect.objectContaining({ code: 'bad_signature' }),
            );
        expect(() => open(kind, sealed, crypto, keys.instance.publicKey)).toThrow(
          expect.objectContaining({ code: 'bad_signature' }),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('fits where it travels, however long its texts are', () => {
    const body = encode(kind.body, longest(kind.body.shape));
    const sealed = encode(envelope, { body, signature: new Uint8Array(64) });
    expect(sealed.length).toBeLessThanOrEqual(room);
  });
});

it('a job with an admin’s order and the longest path fits a frame', () => {
  const message = longest(jobMessage.shape) as never;
  expect(
    encode(jobMessage, { ...(message as object), hub: chain } as never).length + FRAME_OVERHEAD,
  ).toBeLessThan(LIMITS.frameBytes);
});

/** The value of this shape that takes the most bytes. */
function longest(shape: Shape): unknown {
  switch (shape.kind) {
    case 'u8':
    case 'u16':
    case 'u32':
    case 'u64':
    case 'f64':
      return 1;
    case 'bool':
      return true;
    case 'word64':
      return 1n;
    case 'fixed':
      return new Uint8Array(shape.length);
    case 'bytes':
      return new Uint8Array(shape.max);
    case 'text':
      return 'x'.repeat(shape.max);
    case 'list':
      return Array.from({ length: shape.max }, () => longest(shape.item));
    case 'optional':
    case 'appended':
      return longest(shape.inner);
    case 'choice':
      return shape.names[0];
    case 'record':
      return Object.fromEntries(Object.entries(shape.fields).map(([name, field]) => [name, longest(field)]));
    default:
      return shape satisfies never;
  }
}
