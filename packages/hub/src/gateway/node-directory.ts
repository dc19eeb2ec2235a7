import {
  type CryptoSuite,
  equalBytes,
  type HubAnswer,
  type NodeCert,
  ProtocolError,
  requireKey,
  toHex,
  type Verify,
  verifyNodeCredential,
} from '@stoa/protocol';
import type { KnownNode, SessionStore } from './session-store.ts';

/** Where the gateway looks nodes up, and what it does with one that only its certificate knows. */
export interface NodeDirectory {
  readonly store: SessionStore;
  readonly region: string;
  readonly rootFingerprint: Uint8Array;
  /** Takes a node that a restored database has forgotten, quarantined: connected, unpaid, until an admin says more. */
  adopt(cert: NodeCert, sealed: Uint8Array): Promise<void>;
  /** Makes the candidate of a rotation the node's key: its first session is what commits it. */
  commitRotation(nodeId: string, publicKey: Uint8Array): Promise<void>;
  /** Two living processes have the node's identity: its minutes are disputed until the owner settles it. */
  dispute(nodeId: string): Promise<void>;
}

export interface Identified {
  readonly node: KnownNode;
  readonly publicKey: Uint8Array;
  readonly verify: Verify;
}

/**
 * Finds the node of a Hello and checks its signature under a key that belongs to the node.
 * @throws ProtocolError `bad_signature`, or what `verifyNodeCredential` throws for a node that is not registered.
 */
export async function identify(
  answer: HubAnswer,
  directory: NodeDirectory,
  crypto: CryptoSuite,
): Promise<Identified> {
  const { hello } = answer;
  const nodeId = toHex(hello.nodeId);
  const known = await directory.store.find(nodeId);
  if (known === undefined) return adopt(answer, directory, crypto);
  const publicKey = [known.publicKey, known.candidateKey, known.previousKey].find(
    (key) => key !== undefined && equalBytes(hello.keyId, crypto.hash(key)),
  );
  if (publicKey === undefined)
    throw new ProtocolError(
      'bad_signature',
      `the Hello of node ${nodeId} names a key that is not the node's`,
    );
  const verify = crypto.verifier(publicKey);
  answer.verify(verify);
  if (publicKey === known.candidateKey) await directory.commitRotation(nodeId, publicKey);
  return { node: known, publicKey, verify };
}

async function adopt(answer: HubAnswer, directory: NodeDirectory, crypto: CryptoSuite): Promise<Identified> {
  const { hello } = answer;
  const policy = { rootFingerprint: directory.rootFingerprint, region: directory.region, timeFloor: 0 };
  const cert = verifyNodeCredential(hello.credential, policy, crypto);
  if (!equalBytes(cert.nodeId, hello.nodeId))
    throw new ProtocolError('bad_signature', 'the certificate in the Hello is that of another node');
  requireKey(hello, cert.publicKey, crypto);
  const verify = crypto.verifier(cert.publicKey);
  answer.verify(verify);
  await directory.adopt(cert, hello.credential.node);
  const node = await directory.store.find(toHex(hello.nodeId));
  if (node === undefined)
    throw new ProtocolError('bad_signature', 'the node could not be registered from its certificate');
  return { node, publicKey: cert.publicKey, verify };
}
