import type {
  CancelAck,
  JobAck,
  LeaseRenew,
  LeaseRequest,
  LogChunk,
  SealedJobResult,
  WorkPolicy,
} from '@stoa/protocol';
import type { AgentSession } from './agent-session.ts';
import type { Dispatcher } from './dispatcher.ts';
import { leaseName } from './lease.ts';
import type { LeaseDesk } from './lease-desk.ts';
import type { LogDesk } from './log-desk.ts';
import type { NodeWorkStore } from './node-work-store.ts';
import type { ResultDesk } from './result-desk.ts';
import type { WorkSessions } from './work-sessions.ts';

export interface JobFramesDeps {
  readonly sessions: WorkSessions;
  readonly dispatcher: Dispatcher;
  readonly leases: LeaseDesk;
  readonly logs: LogDesk;
  readonly results: ResultDesk;
  readonly nodeWork: NodeWorkStore;
}

/** What the hub does with the frames of work. Each resolves once its effect is stored. */
export class JobFrames {
  readonly #deps: JobFramesDeps;

  constructor(deps: JobFramesDeps) {
    this.#deps = deps;
  }

  workPolicy(session: AgentSession, policy: WorkPolicy): Promise<void> {
    return this.#deps.nodeWork.say(session, policy);
  }

  leaseRequest(session: AgentSession, request: LeaseRequest): void {
    this.#deps.dispatcher.asked(session, request);
  }

  jobAck(session: AgentSession, ack: JobAck): Promise<void> {
    this.#deps.dispatcher.acknowledged(leaseName(ack).jobId);
    return this.#deps.leases.acked(session, ack);
  }

  leaseRenew(session: AgentSession, renew: LeaseRenew): Promise<void> {
    return this.#deps.leases.renewed(session, renew);
  }

  logChunk(session: AgentSession, chunk: LogChunk): Promise<void> {
    return this.#deps.logs.take(session, chunk);
  }

  jobResult(session: AgentSession, { sealed }: SealedJobResult): Promise<void> {
    return this.#deps.results.take(session, sealed);
  }

  /** The result that follows says what came of it; until then the hub asks again with each renewal. */
  cancelAck(_session: AgentSession, _ack: CancelAck): void {}

  ended(session: AgentSession): void {
    this.#deps.sessions.ended(session);
  }
}
