import { concat, equalBytes, utf8 } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';

const INFO = utf8('stoa/v1/ratchet');

/** Proof of a ratchet secret for one handshake; the secret itself is never sent twice. */
export function proveRatchet(secret: Uint8Array, transcript: Uint8Array, crypto: CryptoSuite): Uint8Array {
  return crypto.hkdf(secret, transcript, INFO, 32);
}

/** Which of the secrets the proof shows, if any. */
export function matchRatchet(
  proof: Uint8Array,
  secrets: { current: Uint8Array; previous: Uint8Array | undefined },
  by: { transcript: Uint8Array; crypto: CryptoSuite },
): 'current' | 'previous' | undefined {
  const shows = (secret: Uint8Array) => equalBytes(proof, proveRatchet(secret, by.transcript, by.crypto));
  if (shows(secrets.current)) return 'current';
  return secrets.previous !== undefined && shows(secrets.previous) ? 'previous' : undefined;
}

/**
 * Hides a fresh secret in the Welcome, and shows it again. Frames are authenticated, not encrypted, so the proxy that
 * ends the TLS would otherwise learn every ratchet, and with a stolen key be taken for the node itself.
 */
export function maskRatchet(secret: Uint8Array, mask: Uint8Array): Uint8Array {
  return secret.map((byte, i) => byte ^ mask[i]!);
}

/** Stands for "never had a session"; no secret, and needs to be none, since the Hello is signed by the node's key. */
export function initialRatchet(nodeId: Uint8Array, crypto: CryptoSuite): Uint8Array {
  return crypto.hash(concat(utf8('stoa/v1/first-ratchet'), nodeId));
}
