import {
  CONTEXT,
  isStrongPublicKey,
  type NodeCert,
  type NodeCredential,
  nodeCertKind,
  open,
  type Rotation,
  rotationKind,
  seal,
  toHex,
  verifyIn,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Authority, Decision } from '#authority/decision.ts';
import { SignerError } from '#error.ts';
import { HOUR_MS, type NewestKey, type RegionState } from '#journal/region-state.ts';
import { requireQuota } from '#policy.ts';

export interface EnrolRequest {
  publicKey: Uint8Array;
  tokenId: Uint8Array;
  ownerGeneration: number;
}

/** As the node's KeyRotate message brings it, with the certificate that it replaces. */
export interface RotateRequest {
  /** Sealed NodeCert. */
  current: Uint8Array;
  /** Sealed Rotation, under the current key. */
  sealed: Uint8Array;
  /** The new key's signature over `sealed`. */
  proof: Uint8Array;
}

/**
 * Asked again for the same node, token and owner generation within the hour, it gives the same bytes and takes nothing
 * from a quota: a hub may lose an answer.
 * @throws SignerError `bad_public_key`, `quota_exceeded`, `token_exhausted`, `rotation_conflict`.
 */
export function enrolNode(request: EnrolRequest, authority: Authority): Decision<NodeCredential> {
  const { state, policy, now, region } = authority;
  requireStrong(request.publicKey);
  const nodeId = nodeCrypto.hash(request.publicKey);
  const { tokenId, ownerGeneration } = request;
  const cert = { nodeId, publicKey: request.publicKey, keyGeneration: 0, ownerGeneration, tokenId, region };
  const before = state.enrolments.get(toHex(nodeId));
  const known =
    before !== undefined &&
    before.at > now - HOUR_MS &&
    before.tokenId === toHex(tokenId) &&
    before.ownerGeneration === ownerGeneration;
  if (known) return { answer: credential({ ...cert, issuedAt: before.at }, authority) };
  requireFirstKey(toHex(nodeId), state);
  requireQuota({ what: 'enrolments', limit: policy.enrolmentsPerHour, window: state.enrolled }, now);
  requireTokenQuota(toHex(tokenId), authority);
  return {
    act: { kind: 'node-enrolled', nodeId: toHex(nodeId), tokenId: toHex(tokenId), ownerGeneration },
    answer: credential({ ...cert, issuedAt: now }, authority),
  };
}

/** A key that its node has left behind, perhaps since it was stolen, is not certified again. */
function requireFirstKey(nodeId: string, { rotations }: RegionState): void {
  const newer = rotations.get(nodeId);
  if (newer !== undefined)
    throw new SignerError(
      'rotation_conflict',
      `node ${nodeId} has gone on to a key of generation ${newer.keyGeneration}: its first key cannot be enrolled again`,
    );
}

function requireTokenQuota(tokenId: string, { state, policy }: Authority): void {
  const used = state.enrolmentsByToken.get(tokenId) ?? 0;
  if (used < policy.enrolmentsPerToken) return;
  // No waiting helps here, so there is no time to name.
  throw new SignerError(
    'token_exhausted',
    `join token ${tokenId} has enrolled ${used} nodes, as many as the signer's policy allows: make a new token`,
  );
}

/**
 * One generation has one key: the same rotation again gives the same bytes, another one for it is a conflict. The
 * generation after the newest is certified to the newest key, or to the one that asked for the newest: a hub cancels a
 * rotation by a session on the key before, and that node must be able to rotate again.
 * @throws SignerError `bad_rotation`, `bad_public_key`, `rotation_conflict`, `quota_exceeded`.
 */
export function rotateNode(request: RotateRequest, authority: Authority): Decision<NodeCredential> {
  const { state, policy, now } = authority;
  const { current, rotation } = openRotation(request, authority);
  const nodeId = toHex(current.nodeId);
  const publicKey = toHex(rotation.newPublicKey);
  const { keyGeneration } = rotation;
  const cert = { ...current, publicKey: rotation.newPublicKey, keyGeneration };
  const newest = state.rotations.get(nodeId);
  if (newest?.keyGeneration === keyGeneration && newest.publicKey === publicKey)
    return { answer: credential({ ...cert, issuedAt: newest.at }, authority) };
  requireTurn({ nodeId, from: current.keyGeneration, to: keyGeneration }, newest);
  requireQuota({ what: 'rotations', limit: policy.rotationsPerHour, window: state.rotated }, now);
  const replaces = current.keyGeneration;
  return {
    act: {
      kind: 'node-rotated',
      nodeId,
      publicKey,
      keyGeneration,
      ...(replaces === keyGeneration - 1 ? {} : { replaces }),
    },
    answer: credential({ ...cert, issuedAt: now }, authority),
  };
}

/** Whether a key of generation `from` may be followed by one of generation `to`. */
function requireTurn(
  { nodeId, from, to }: { nodeId: string; from: number; to: number },
  newest: NewestKey | undefined,
): void {
  const certified = Math.max(from, newest?.keyGeneration ?? 0);
  if (to > from && to <= certified)
    throw new SignerError(
      'rotation_conflict',
      `generation ${to} of node ${nodeId} is spent: keys up to ${certified} are certified, so ask for ${certified + 1}; if this node never did, two hold its identity`,
    );
  requireRotation(to === certified + 1, `it asks for generation ${to}, and ${certified + 1} is next`);
  requireRotation(
    from === certified || from === newest?.replaces,
    `its key of generation ${from} was left behind: key ${newest?.replaces} asked for the newest one, ${certified}`,
  );
}

function openRotation(
  { current: sealedCert, sealed, proof }: RotateRequest,
  { keys, region }: Authority,
): { current: NodeCert; rotation: Rotation } {
  try {
    const current = open(nodeCertKind, sealedCert, nodeCrypto, keys.enrol.publicKey);
    const rotation = open(rotationKind, sealed, nodeCrypto, current.publicKey);
    requireRotation(
      verifyIn(CONTEXT.rotate, nodeCrypto.verifier(rotation.newPublicKey), sealed, proof),
      'the new key did not sign it',
    );
    requireRotation(toHex(rotation.nodeId) === toHex(current.nodeId), 'it names another node');
    requireRotation(current.region === region, `the node belongs to region '${current.region}'`);
    requireRotation(toHex(rotation.newPublicKey) !== toHex(current.publicKey), 'the new key is the old one');
    return { current, rotation };
  } catch (cause) {
    if (cause instanceof SignerError) throw cause;
    throw new SignerError(
      'bad_rotation',
      'the rotation is not signed by the key of the certificate that it replaces',
      {
        cause,
      },
    );
  }
}

function requireRotation(holds: boolean, finding: string): void {
  if (!holds) throw new SignerError('bad_rotation', `the key rotation is refused: ${finding}`);
}

function requireStrong(publicKey: Uint8Array): void {
  if (!isStrongPublicKey(publicKey))
    throw new SignerError(
      'bad_public_key',
      `${toHex(publicKey)} is no strong Ed25519 public key (small order, or not canonical)`,
    );
}

function credential(cert: NodeCert, { keys, certificates }: Authority): NodeCredential {
  return {
    root: certificates.root,
    region: certificates.sealed.enrol,
    node: seal(nodeCertKind, cert, keys.enrol),
  };
}
