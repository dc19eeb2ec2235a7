import { join } from 'node:path';
import {
  bytes,
  fixed,
  list,
  type NodeCert,
  type NodeCredential,
  nodeCertKind,
  nodeCredential,
  optional,
  peek,
  record,
  text,
  u64,
} from '@stoa/protocol';
import type { AgentConfig } from '#config.ts';
import type { RecordKind } from '#record-line.ts';

/** What a node is: made by `enroll`, changed by a key rotation, removed by a root-signed Revoke alone. */
export interface Identity {
  /** Of the node's Ed25519 key. It never leaves this host. */
  seed: Uint8Array;
  credential: NodeCredential;
  /** Random, made at enrolment: tells an installation from its copies in the hub's log. */
  installId: Uint8Array;
  region: string;
  owner: string;
  label: string;
  /** Origins of the region's hub, in order of preference. */
  hubs: string[];
}

export const identityKind: RecordKind<Identity> = {
  name: 'stoa-identity-1',
  codec: record({
    seed: fixed(32),
    credential: nodeCredential,
    installId: fixed(16),
    region: text(32),
    owner: text(254),
    label: text(64),
    hubs: list(text(255), 8),
  }),
};

/** What the last session left behind. */
export interface SessionState {
  /** Proves at the next Hello that this is no stale copy of the data directory (F07). */
  ratchet: Uint8Array;
  /** As the hub assigned it: a report for people. */
  epoch: number;
  /** Highest protocol version used with this region: a lower one is a downgrade. */
  versionFloor: number;
  /** Latest time that was proven to this node, ms since 1970. */
  timeFloor: number;
  minInstanceSerial: number;
  /** Re-entry cookie of the last Welcome. */
  cookie: Uint8Array;
}

export const sessionKind: RecordKind<SessionState> = {
  name: 'stoa-session-1',
  codec: record({
    ratchet: fixed(32),
    epoch: u64,
    versionFloor: u64,
    timeFloor: u64,
    minInstanceSerial: u64,
    cookie: bytes(128),
  }),
};

/** An enrolment under way: written before the token is sent, so that a lost answer can be asked for again. */
export interface PendingEnrolment {
  seed: Uint8Array;
  installId: Uint8Array;
  tokenId: Uint8Array;
}

export const pendingKind: RecordKind<PendingEnrolment> = {
  name: 'stoa-enrolment-1',
  codec: record({ seed: fixed(32), installId: fixed(16), tokenId: fixed(16) }),
};

/** A key rotation under way: with a credential once the hub has accepted the key. */
export interface Candidate {
  seed: Uint8Array;
  credential: NodeCredential | undefined;
}

export const candidateKind: RecordKind<Candidate> = {
  name: 'stoa-candidate-1',
  codec: record({ seed: fixed(32), credential: optional(nodeCredential) }),
};

/** What a rotation left behind: it proves what the node signed before. */
export interface FormerCredential {
  credential: NodeCredential;
  /** When the key after it took its place, by the time that was proven to this node. Milliseconds since 1970. */
  at: number;
}

export const formerKind: RecordKind<FormerCredential> = {
  name: 'stoa-former-key-1',
  codec: record({ credential: nodeCredential, at: u64 }),
};

/** Written before the wipe that a root-signed Revoke demands, and kept after it. */
export interface Revocation {
  nodeId: Uint8Array;
  serial: number;
  at: number;
}

export const revokedKind: RecordKind<Revocation> = {
  name: 'stoa-revoked-1',
  codec: record({ nodeId: fixed(32), serial: u64, at: u64 }),
};

/** One directory for each identity that the data directory holds. */
export function identityDirectory(config: Pick<AgentConfig, 'dataDir' | 'instance'>): string {
  return join(config.dataDir, 'identities', config.instance);
}

export function certOf(identity: Pick<Identity, 'credential'>): NodeCert {
  return peek(nodeCertKind, identity.credential.node);
}
