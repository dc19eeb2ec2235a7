import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { concat, fromHex } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { isReducedSignature, isStrongPublicKey } from './strict.ts';
import type { CryptoSuite, ExchangeKey, Mac, SigningKey, Verify } from './suite.ts';

const TAG_BYTES = 16;
/** The fixed DER around a raw 32-byte key (RFC 8410). */
const DER = {
  ed25519Public: fromHex('302a300506032b6570032100'),
  ed25519Private: fromHex('302e020100300506032b657004220420'),
  x25519Public: fromHex('302a300506032b656e032100'),
  x25519Private: fromHex('302e020100300506032b656e04220420'),
};

function publicKeyObject(prefix: Uint8Array, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(concat(prefix, raw)), format: 'der', type: 'spki' });
}

function privateKeyObject(prefix: Uint8Array, raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(concat(prefix, raw)), format: 'der', type: 'pkcs8' });
}

function rawPublicKey(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(12));
}

function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash('sha512');
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest().subarray(0, 32));
}

function signingKey(seed: Uint8Array): SigningKey {
  const key = privateKeyObject(DER.ed25519Private, seed);
  return { publicKey: rawPublicKey(key), sign: (message) => new Uint8Array(sign(null, message, key)) };
}

function verifier(publicKey: Uint8Array): Verify {
  if (!isStrongPublicKey(publicKey)) return () => false;
  let key: KeyObject;
  try {
    key = publicKeyObject(DER.ed25519Public, publicKey);
  } catch {
    // OpenSSL refuses the bytes as a key at all, so nothing they signed can hold.
    return () => false;
  }
  return (message, signature) => isReducedSignature(signature) && verify(null, message, key, signature);
}

function exchangeKey(secret: Uint8Array): ExchangeKey {
  const privateKey = privateKeyObject(DER.x25519Private, secret);
  return {
    publicKey: rawPublicKey(privateKey),
    shared(peer) {
      try {
        const shared = diffieHellman({ privateKey, publicKey: publicKeyObject(DER.x25519Public, peer) });
        if (shared.some((byte) => byte !== 0)) return new Uint8Array(shared);
      } catch (cause) {
        throw new ProtocolError('bad_key_exchange', 'the ephemeral key of the peer was refused', { cause });
      }
      throw new ProtocolError(
        'bad_key_exchange',
        'the shared secret is all zero: the ephemeral key has small order',
      );
    },
  };
}

function mac(key: Uint8Array): Mac {
  const keyObject = createSecretKey(key);
  return (head, rest) => {
    const state = createHmac('sha256', keyObject).update(head);
    if (rest !== undefined) state.update(rest);
    return state.digest().subarray(0, TAG_BYTES);
  };
}

/** The implementation of the hot path. */
export const nodeCrypto: CryptoSuite = {
  hash,
  signingKey,
  verify: (publicKey, message, signature) => verifier(publicKey)(message, signature),
  verifier,
  exchangeKey,
  hkdf: (secret, salt, info, length) => new Uint8Array(hkdfSync('sha256', secret, salt, info, length)),
  mac,
};
