import {
  equalBytes,
  open,
  ProtocolError,
  type Refuse,
  type Revoke,
  refuseKind,
  revokeKind,
  verifyRegionCert,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { RegionTrust } from '#channel/region-time.ts';

interface SealedVerdict {
  readonly sealed: Uint8Array;
  readonly authority: Uint8Array;
}

/** Region time is signed hourly, so it may lag so much behind. */
const REPLAY_SLACK_MS = 60 * 60_000;

/**
 * A refusal counts only where the region's `authority` signed it for this node, and not well before the time that the
 * last session proved: such a one was lifted then, and is a replay.
 * @throws ProtocolError
 */
export function readRefusal(verdict: SealedVerdict, trust: RegionTrust, nodeId: Uint8Array): Refuse {
  const authority = verifyRegionCert(
    { sealed: verdict.authority, root: trust.root, role: 'authority' },
    trust,
    nodeCrypto,
  );
  const refusal = open(refuseKind, verdict.sealed, nodeCrypto, authority.publicKey);
  if (refusal.region !== trust.region || !equalBytes(refusal.nodeId, nodeId))
    throw new ProtocolError('bad_signature', 'the refusal is for another node');
  if (refusal.at < trust.timeFloor - REPLAY_SLACK_MS)
    throw new ProtocolError('bad_signature', 'the refusal is from before the last session');
  return refusal;
}

/** The only message that wipes an identity, so only the offline root can sign it (F05). @throws ProtocolError */
export function readRevocation(verdict: SealedVerdict, root: Uint8Array, nodeId: Uint8Array): Revoke {
  const revocation = open(revokeKind, verdict.sealed, nodeCrypto, root);
  if (!revocation.nodeIds.some((revoked) => equalBytes(revoked, nodeId)))
    throw new ProtocolError('bad_signature', 'the revocation does not name this node');
  return revocation;
}
