import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  hash as oneShot,
  sign,
  verify,
} from 'node:crypto';
import { concat, fromHex } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { digestBytes, hmacSha256 } from './hmac.ts';
import { isReducedSignature, isStrongPublicKey } from './strict.ts';
import type { CryptoSuite, ExchangeKey, SigningKey, Verify } from './suite.ts';

/** The fixed DER around a raw 32-byte key (RFC 8410). */
const DER = {
  ed25519Public: fromHex('302a300506032b6570032100'),
  ed25519Private: fromHex('302e020100300506032b657004220420'),
  x25519Public: fromHex('302a300506032b656e032100'),
  x25519Private: fromHex('302e020100300506032b656e04220420'),
};

/*
 * Keys go in as PEM text: given anything else, node:crypto first asks four times whether it is a key object, and each
 * "no" is an exception with a stack trace, which is 40 of the 50 microseconds (docs/decisions/handshake-cost.md).
 */
function pem(label: 'PUBLIC KEY' | 'PRIVATE KEY', prefix: Uint8Array, raw: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(concat(prefix, raw)).toString('base64')}\n-----END ${label}-----\n`;
}

function publicKeyObject(prefix: Uint8Array, raw: Uint8Array): KeyObject {
  return createPublicKey(pem('PUBLIC KEY', prefix, raw));
}

function privateKeyObject(prefix: Uint8Array, raw: Uint8Array): KeyObject {
  return createPrivateKey(pem('PRIVATE KEY', prefix, raw));
}

function rawPublicKey(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey).export({ format: 'raw-public' }));
}

function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  const message = first !== undefined && parts.length === 1 ? first : concat(...parts);
  return digestBytes(oneShot('sha512', message, 'binary'), 32);
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
        return new Uint8Array(
          diffieHellman({ privateKey, publicKey: publicKeyObject(DER.x25519Public, peer) }),
        );
      } catch (cause) {
        // OpenSSL itself refuses a secret of zero; the vectors of the key exchange hold it to that.
        throw new ProtocolError('bad_key_exchange', 'the ephemeral key of the peer was refused', { cause });
      }
    },
  };
}

function hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', createSecretKey(secret), salt, info, length));
}

/** The implementation of the hot path. */
export const nodeCrypto: CryptoSuite = {
  hash,
  signingKey,
  verify: (publicKey, message, signature) => verifier(publicKey)(message, signature),
  verifier,
  exchangeKey,
  hkdf,
  mac: hmacSha256,
};
