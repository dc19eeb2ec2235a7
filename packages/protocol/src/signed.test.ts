import { describe, expect, it } from 'vitest';
import { decodeExact, encode, fixed, record, u32 } from './codec/codec.ts';
import { CONTEXT } from './contexts.ts';
import { nodeCrypto } from './crypto/node.ts';
import { portableCrypto } from './crypto/portable.ts';
import { seededRandom } from './fixtures/random.ts';
import { envelope, open, peek, type SignedKind, seal } from './signed.ts';

const random = seededRandom('signed');
const key = nodeCrypto.signingKey(random(32));
const body = record({ id: fixed(4), count: u32 });
type Body = { id: Uint8Array; count: number };
const kind: SignedKind<Body> = { context: CONTEXT.receipt, body, title: 'note' };
const value = { id: random(4), count: 5 };
const sealed = seal(kind, value, key);

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

describe('a sealed document', () => {
  it('opens under the key of its issuer, in both implementations', () => {
    expect(open(kind, sealed, nodeCrypto, key.publicKey)).toEqual(value);
    expect(open(kind, sealed, portableCrypto, key.publicKey)).toEqual(value);
    expect(peek(kind, sealed)).toEqual(value);
  });

  it('is the same whichever implementation sealed it', () => {
    const seed = random(32);
    expect(seal(kind, value, portableCrypto.signingKey(seed))).toEqual(
      seal(kind, value, nodeCrypto.signingKey(seed)),
    );
  });

  it('is refused after any one bit flipped', () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = sealed.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => open(kind, flipped, nodeCrypto, key.publicKey)).toThrow(
        expect.objectContaining({ name: 'ProtocolError' }),
      );
    }
  });

  it('is refused when cut or lengthened', () => {
    for (let length = 0; length < sealed.length; length += 1)
      expect(() => open(kind, sealed.subarray(0, length), nodeCrypto, key.publicKey)).toThrow(
        code('malformed'),
      );
    const longer = Uint8Array.from([...sealed, 0]);
    expect(() => open(kind, longer, nodeCrypto, key.publicKey)).toThrow(code('malformed'));
  });

  it('is refused under another key and as another kind of document', () => {
    const other = nodeCrypto.signingKey(random(32));
    expect(() => open(kind, sealed, nodeCrypto, other.publicKey)).toThrow(code('bad_signature'));
    for (const context of Object.values(CONTEXT).filter((used) => used !== kind.context))
      expect(() => open({ ...kind, context }, sealed, nodeCrypto, key.publicKey)).toThrow(
        code('bad_signature'),
      );
  });

  it('has no bytes behind its body that a signature covers but nobody reads', () => {
    const longer = seal(
      { ...kind, body: record({ id: fixed(4), count: u32, more: u32 }) } as never,
      { ...value, more: 1 } as never,
      key,
    );
    expect(() => open(kind, longer, nodeCrypto, key.publicKey)).toThrow(code('malformed'));
  });

  it('is not read before its signature holds', () => {
    const { signature } = decodeExact(envelope, sealed);
    const garbage = encode(envelope, { body: Uint8Array.of(1), signature });
    expect(() => open(kind, garbage, nodeCrypto, key.publicKey)).toThrow(code('bad_signature'));
  });
});
