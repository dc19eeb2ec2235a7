import type {
  CancelAck,
  JobAck,
  LeaseRenew,
  LeaseRequest,
  LogChunk,
  SealedJobResult,
  WorkPolicy,
} from '@stoa/protocol';
import type { NodeSession } from './node-session.ts';

/** Who takes the frames of work: `jobs/`. Promises resolve once the effect is stored; a ProtocolError ends the session. */
export interface WorkFrames {
  workPolicy(session: NodeSession, policy: WorkPolicy): Promise<void>;
  leaseRequest(session: NodeSession, request: LeaseRequest): void;
  jobAck(session: NodeSession, ack: JobAck): Promise<void>;
  leaseRenew(session: NodeSession, renew: LeaseRenew): Promise<void>;
  logChunk(session: NodeSession, chunk: LogChunk): Promise<void>;
  jobResult(session: NodeSession, result: SealedJobResult): Promise<void>;
  cancelAck(session: NodeSession, ack: CancelAck): void;
  /** It can take no work any more. */
  ended(session: NodeSession): void;
}
