import type { SharedCertificate } from '../gates/index.ts';
import type { AuditRound } from './round-store.ts';

/** What a dispute rests on: a round of an audit, or a certificate that answered at a second node. */
export type DisputeEvidence =
  | ({ readonly what: 'round' } & AuditRound)
  | ({ readonly what: 'certificate'; readonly at: number } & SharedCertificate);

export type DisputeKind = 'audit' | 'certificate';
export type DisputeDecision = 'dismissed' | 'upheld';

export interface Dispute {
  readonly disputeId: string;
  readonly kind: DisputeKind;
  /** Of an audit the cluster, else the certificate (SHA-256, base64url). */
  readonly subject: string;
  readonly openedAt: number;
  readonly lastAt: number;
  /** The newest last. */
  readonly evidence: readonly DisputeEvidence[];
  readonly nodeIds: readonly string[];
  readonly decision:
    | { readonly word: DisputeDecision; readonly by: string; readonly at: number; readonly reason: string }
    | undefined;
}
