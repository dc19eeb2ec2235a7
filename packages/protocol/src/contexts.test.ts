import { describe, expect, it } from 'vitest';
import { CONTEXT, type Context, signIn, verifyIn } from './contexts.ts';
import { nodeCrypto } from './crypto/node.ts';
import { seededRandom } from './fixtures/random.ts';

const random = seededRandom('contexts');
const key = nodeCrypto.signingKey(random(32));
const verify = nodeCrypto.verifier(key.publicKey);
const all = Object.values(CONTEXT);

describe('a signature', () => {
  it('made in one context holds in no other', () => {
    const message = random(50);
    for (const made of all) {
      const signature = signIn(made, key, message);
      expect(all.filter((context) => verifyIn(context, verify, message, signature))).toEqual([made]);
      expect(verify(message, signature)).toBe(false);
    }
  });

  it('cannot be moved to another context by moving bytes between context and message', () => {
    for (const context of all) {
      const signature = signIn(context, key, new TextEncoder().encode('tail'));
      const shorter = context.slice(0, -1) as Context;
      const moved = new TextEncoder().encode(`${context.slice(-1)}\0tail`);
      expect(verifyIn(shorter, verify, moved, signature)).toBe(false);
    }
  });
});

describe('the contexts', () => {
  it('are all different, free of the separator, and of this version', () => {
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((context) => !/^stoa\/v1\/[a-z-]+$/.test(context))).toEqual([]);
  });
});
