import type { SharedCertificate } from '../gates/index.ts';
import type { AuditRound } from './round-store.ts';

/** What a dispute rests on: a round of an audit, or a certificate that answered at a second node. Nodes by id, people not at all. */
export type DisputeEvidence =
  | ({ readonly what: 'round' } & AuditRound)
  | ({ readonly what: 'certificate'; readonly at: number } & SharedCertificate);

/**
 * - audit: nodes of a cluster that look like one machine
 * - answer: a node that signed another answer than its payloads make
 * - certificate: one P2P certificate at two nodes
 */
export type DisputeKind = 'audit' | 'answer' | 'certificate';
export type DisputeDecision = 'dismissed' | 'upheld';

export interface DisputedNode {
  readonly nodeId: string;
  /** Of who has it now, where that one has one (payouts). */
  readonly ownerId: string | undefined;
  /** By whom is in the audit log, and nowhere else. */
  readonly decision:
    | { readonly word: DisputeDecision; readonly at: number; readonly reason: string }
    | undefined;
}

export interface Dispute {
  readonly disputeId: string;
  readonly kind: DisputeKind;
  /** Of an audit the cluster, of an answer the node, else the certificate (SHA-256, base64url). */
  readonly subject: string;
  readonly openedAt: number;
  readonly lastAt: number;
  /** The newest last. */
  readonly evidence: readonly DisputeEvidence[];
  /** Each is decided of by itself. */
  readonly nodes: readonly DisputedNode[];
  /** Whether there is one that nobody has decided of. */
  readonly isOpen: boolean;
}
