import { describe, expect, it } from 'vitest';
import { CONTEXT, signIn, verifyIn } from '../contexts.ts';
import { nodeCrypto as crypto } from '../crypto/node.ts';
import { makeParties, NOW } from '../fixtures/parties.ts';
import { open, seal } from '../signed.ts';
import { refuseKind, revokeKind, rotationKind } from './verdict.ts';

const { keys, nodeId, random } = makeParties('verdict');

describe('a key rotation', () => {
  const next = crypto.signingKey(random(32));
  const rotation = { nodeId, newPublicKey: next.publicKey, keyGeneration: 1, at: NOW };
  const sealed = seal(rotationKind, rotation, keys.node);
  const proof = signIn(CONTEXT.rotate, next, sealed);
  const holds = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    verifyIn(CONTEXT.rotate, crypto.verifier(key), message, signature);

  it('is signed by the old key, and the whole by the new one', () => {
    expect(open(rotationKind, sealed, crypto, keys.node.publicKey)).toEqual(rotation);
    expect(holds(next.publicKey, sealed, proof)).toBe(true);
  });

  it('cannot be made by either key alone', () => {
    const byNew = seal(rotationKind, rotation, next);
    expect(() => open(rotationKind, byNew, crypto, keys.node.publicKey)).toThrow(
      expect.objectContaining({ code: 'bad_signature' }),
    );
    expect(holds(next.publicKey, sealed, signIn(CONTEXT.rotate, keys.node, sealed))).toBe(false);
  });

  it('does not let the proof of one rotation serve another', () => {
    const other = seal(rotationKind, { ...rotation, keyGeneration: 2 }, keys.node);
    expect(holds(next.publicKey, other, proof)).toBe(false);
  });

  // Both signatures share a context: a proof is over 142 bytes, a rotation's body has 76.
  it('does not take a proof for a rotation or the other way round', () => {
    const asRotation = { body: sealed, signature: proof };
    expect(holds(next.publicKey, asRotation.body, asRotation.signature)).toBe(true);
    expect(() =>
      open(rotationKind, seal({ ...rotationKind, body: rawBody }, sealed, next), crypto, next.publicKey),
    ).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});

const rawBody = {
  shape: { kind: 'fixed' as const, length: 0 },
  write: (writer: { raw(bytes: Uint8Array): void }, value: Uint8Array) => writer.raw(value),
  read: () => new Uint8Array(0),
};

describe('a refusal and a revocation', () => {
  it('are documents of their own: neither passes for the other, nor under the other’s key', () => {
    const refusal = seal(
      refuseKind,
      { nodeId, region: 'eu', reason: 'left the region', at: NOW },
      keys.authority,
    );
    const revocation = seal(revokeKind, { serial: 1, at: NOW, nodeIds: [nodeId] }, keys.root);
    expect(open(refuseKind, refusal, crypto, keys.authority.publicKey).reason).toBe('left the region');
    expect(open(revokeKind, revocation, crypto, keys.root.publicKey).nodeIds).toEqual([nodeId]);
    const refused = expect.objectContaining({ code: 'bad_signature' });
    expect(() => open(revokeKind, refusal, crypto, keys.authority.publicKey)).toThrow(refused);
    expect(() => open(revokeKind, revocation, crypto, keys.authority.publicKey)).toThrow(refused);
    expect(() => open(refuseKind, refusal, crypto, keys.root.publicKey)).toThrow(refused);
  });

  it('of as many nodes as a list may hold still fits what may come before authentication', () => {
    const nodeIds = Array.from({ length: 60 }, () => random(32));
    const sealed = seal(revokeKind, { serial: 1, at: NOW, nodeIds }, keys.root);
    expect(sealed.length).toBeLessThan(4096 - 512);
  });
});
