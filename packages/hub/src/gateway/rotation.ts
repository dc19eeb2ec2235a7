import {
  CONTEXT,
  type CryptoSuite,
  equalBytes,
  fromHex,
  type NodeCredential,
  nodeCertKind,
  open,
  ProtocolError,
  peek,
  rotationKind,
  verifyIn,
} from '@stoa/protocol';
import { type SignerClient, SignerError } from '@stoa/signer/client';
import type { NodeRegistry } from '../nodes/index.ts';
import type { NodeSession } from './node-session.ts';

/**
 * A node's wish for a new key, signed by the old one and the new one. The signer certifies it, the hub keeps it as a
 * candidate, and the first session on it commits: a lost answer leaves the old key in force.
 */
export class KeyRotations {
  readonly #registry: NodeRegistry;
  readonly #signer: Pick<SignerClient, 'rotate'>;
  readonly #crypto: CryptoSuite;

  constructor(by: { registry: NodeRegistry; signer: Pick<SignerClient, 'rotate'>; crypto: CryptoSuite }) {
    this.#registry = by.registry;
    this.#signer = by.signer;
    this.#crypto = by.crypto;
  }

  /** @throws ProtocolError `bad_signature`, `bad_public_key`. */
  async take(session: NodeSession, received: { sealed: Uint8Array; proof: Uint8Array }): Promise<void> {
    const { nodeId } = session.node;
    // What came is a view of a buffer that is not ours to keep.
    const wish = { sealed: received.sealed.slice(), proof: received.proof.slice() };
    const current = await this.#registry.certOf(nodeId);
    if (current === undefined) throw new ProtocolError('bad_signature', `node ${nodeId} is not registered`);
    const { publicKey } = peek(nodeCertKind, current);
    const rotation = open(rotationKind, wish.sealed, this.#crypto, publicKey);
    if (!equalBytes(rotation.nodeId, fromHex(nodeId)))
      throw new ProtocolError('bad_signature', 'the rotation is that of another node');
    if (!verifyIn(CONTEXT.rotate, this.#crypto.verifier(rotation.newPublicKey), wish.sealed, wish.proof))
      throw new ProtocolError('bad_signature', 'the rotation is not signed by the new key');
    const credential = await this.#certify(session, { current, ...wish });
    if (credential === undefined) return;
    await this.#registry.offerKey(nodeId, credential);
    session.send('keyAccepted', { credential });
  }

  /** The signer's refusal is the node's to know: it keeps the key that it has. */
  async #certify(
    session: NodeSession,
    request: Parameters<SignerClient['rotate']>[0],
  ): Promise<NodeCredential | undefined> {
    try {
      return await this.#signer.rotate(request);
    } catch (error) {
      if (!(error instanceof SignerError)) throw error;
      const { code, retry, message } = error;
      session.send('error', { code, retry, message: message.slice(0, 80) });
      return undefined;
    }
  }
}
