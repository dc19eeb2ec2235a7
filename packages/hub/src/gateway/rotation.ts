import {
  CONTEXT,
  type CryptoSuite,
  equalBytes,
  fromHex,
  open,
  ProtocolError,
  rotationKind,
  verifyIn,
} from '@stoa/protocol';
import type { SignerClient } from '@stoa/signer/client';
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
  async take(session: NodeSession, wish: { sealed: Uint8Array; proof: Uint8Array }): Promise<void> {
    const { nodeId } = session.node;
    const rotation = open(rotationKind, wish.sealed, this.#crypto, session.facts.publicKeys[0]!);
    if (!equalBytes(rotation.nodeId, fromHex(nodeId)))
      throw new ProtocolError('bad_signature', 'the rotation is that of another node');
    if (!verifyIn(CONTEXT.rotate, this.#crypto.verifier(rotation.newPublicKey), wish.sealed, wish.proof))
      throw new ProtocolError('bad_signature', 'the rotation is not signed by the new key');
    const current = await this.#registry.certOf(nodeId);
    if (current === undefined) throw new ProtocolError('bad_signature', `node ${nodeId} is not registered`);
    const credential = await this.#signer.rotate({ current, ...wish });
    await this.#registry.offerKey(nodeId, credential);
    session.send('keyAccepted', { credential });
  }
}
