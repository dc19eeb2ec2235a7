import nacl from 'tweetnacl';
import { concat } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { isReducedSignature, isStrongPublicKey } from './strict.ts';
import type { ExchangeKey, Signatures, SigningKey } from './suite.ts';

function signingKey(seed: Uint8Array): SigningKey {
  const pair = nacl.sign.keyPair.fromSeed(seed);
  return { publicKey: pair.publicKey, sign: (message) => nacl.sign.detached(message, pair.secretKey) };
}

function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return (
    isStrongPublicKey(publicKey) &&
    isReducedSignature(signature) &&
    nacl.sign.detached.verify(message, signature, publicKey)
  );
}

function exchangeKey(secret: Uint8Array): ExchangeKey {
  return {
    publicKey: nacl.scalarMult.base(secret),
    shared(peer) {
      if (peer.length !== 32)
        throw new ProtocolError('bad_key_exchange', `an ephemeral key of ${peer.length} bytes (expected 32)`);
      const shared = nacl.scalarMult(secret, peer);
      // tweetnacl returns the zero secret of a small-order key without a word.
      if (shared.some((byte) => byte !== 0)) return shared;
      throw new ProtocolError(
        'bad_key_exchange',
        'the shared secret is all zero: the ephemeral key has small order',
      );
    },
  };
}

/** The implementation for browsers, and the oracle that `nodeCrypto` is compared with. */
export const portableCrypto: Signatures & { exchangeKey(secret: Uint8Array): ExchangeKey } = {
  hash: (...parts) => nacl.hash(concat(...parts)).slice(0, 32),
  signingKey,
  verify,
  verifier: (publicKey) => (message, signature) => verify(publicKey, message, signature),
  exchangeKey,
};
