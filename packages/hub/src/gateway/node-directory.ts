import {
  type CryptoSuite,
  equalBytes,
  type HubAnswer,
  type NodeCert,
  ProtocolError,
  requireKey,
  toHex,
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
  /** Makes the key before the last rotation the node's key again, and the other one worth nothing. */
  cancelRotation(former: FormerKey): Promise<void>;
  /** Two living processes have the node's identity: its minutes are disputed until the owner settles it. */
  dispute(nodeId: string): Promise<void>;
}

/** What a key is to its node: in force, offered by a rotation, or the one before the last rotation. */
export type KeyRole = 'current' | 'candidate' | 'previous';

/** The certificate of a node's key before the last rotation. */
export interface FormerKey {
  readonly cert: NodeCert;
  readonly sealed: Uint8Array;
}

export interface Identified {
  readonly node: KnownNode;
  readonly role: KeyRole;
  /** Where the key before the last rotation signed. */
  readonly former: FormerKey | undefined;
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
  const { publicKey: current, candidateKey: candidate, previousKey: previous } = known;
  const keys: readonly (readonly [KeyRole, Uint8Array | undefined])[] = [
    ['current', current],
    ['candidate', candidate],
    ['previous', previous],
  ];
  for (const [role, key] of keys) {
    if (key === undefined || !equalBytes(hello.keyId, crypto.hash(key))) continue;
    answer.verify(crypto.verifier(key));
    const former =
      role === 'previous'
        ? { cert: certified(answer, directory, crypto), sealed: hello.credential.node }
        : undefined;
    return { node: known, role, former };
  }
  throw new ProtocolError('bad_signature', `the Hello of node ${nodeId} names a key that is not the node's`);
}

async function adopt(answer: HubAnswer, directory: NodeDirectory, crypto: CryptoSuite): Promise<Identified> {
  const { hello } = answer;
  const cert = certified(answer, directory, crypto);
  answer.verify(crypto.verifier(cert.publicKey));
  await directory.adopt(cert, hello.credential.node);
  const node = await directory.store.find(toHex(hello.nodeId));
  if (node === undefined)
    throw new ProtocolError('bad_signature', 'the node could not be registered from its certificate');
  return { node, role: 'current', former: undefined };
}

/**
 * The certificate that the Hello brings, of the key that it names. Node certificates have no end: keys are judged by the
 * registry, so time plays no part.
 */
function certified({ hello }: HubAnswer, directory: NodeDirectory, crypto: CryptoSuite): NodeCert {
  const { rootFingerprint, region } = directory;
  const cert = verifyNodeCredential(hello.credential, { rootFingerprint, region, timeFloor: 0 }, crypto);
  if (!equalBytes(cert.nodeId, hello.nodeId))
    throw new ProtocolError('bad_signature', 'the certificate in the Hello is that of another node');
  requireKey(hello, cert.publicKey, crypto);
  return cert;
}
