import { toHex } from '../bytes.ts';
import type { Signatures } from './suite.ts';

/**
 * The same answers, each signature verified once: the certificates of an instance stand beside all that it signed, and a
 * browser verifies about a hundred signatures a second. Keeps a line for each signature: for one file, not for a server.
 */
export function remembered(crypto: Signatures): Signatures {
  const known = new Map<string, boolean>();
  const verify: Signatures['verify'] = (publicKey, message, signature) => {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    // Two of the three have a fixed length: no two questions have one name.
    const name = toHex(crypto.hash(publicKey, signature, message));
    const holds = known.get(name) ?? crypto.verify(publicKey, message, signature);
    known.set(name, holds);
    return holds;
  };
  return {
    ...crypto,
    verify,
    verifier: (publicKey) => (message, signature) => verify(publicKey, message, signature),
  };
}
