import type { LeaseRequest } from '@stoa/protocol';
import type { AgentSession } from './agent-session.ts';

export type Slot = 'mutating' | 'read';

/**
 * The window of one session: jobs may be sent until those sent reach what the agent received plus its free slots. Both
 * count within the session, so a cut, a crash or a frame that was never read can neither lose a credit nor make one (F23).
 */
export class WorkSession {
  readonly agent: AgentSession;
  /** Whether the database may have work for it; cleared by a lease that found less than there was room for. */
  mayHaveWork = true;
  readonly #sent = { mutating: 0, read: 0 };
  readonly #limit = { mutating: 0, read: 0 };

  constructor(agent: AgentSession) {
    this.agent = agent;
  }

  asked({ mutating, read, receivedMutating, receivedRead }: LeaseRequest): void {
    this.#limit.mutating = receivedMutating + mutating;
    this.#limit.read = receivedRead + read;
  }

  room(slot: Slot): number {
    return Math.max(0, this.#limit[slot] - this.#sent[slot]);
  }

  get hasRoom(): boolean {
    return this.room('mutating') > 0 || this.room('read') > 0;
  }

  sent(slot: Slot): void {
    this.#sent[slot] += 1;
  }
}

/** Sessions of this instance that take part in work, one a node: the newest that spoke of it. */
export class WorkSessions {
  readonly #byNode = new Map<string, WorkSession>();

  get(nodeId: string): WorkSession | undefined {
    return this.#byNode.get(nodeId);
  }

  nodeIds(): IterableIterator<string> {
    return this.#byNode.keys();
  }

  /** Of this session; undefined where a newer one of the node is here, or it takes no part: quarantined. */
  of(agent: AgentSession): WorkSession | undefined {
    if (agent.facts.quarantined) return undefined;
    const held = this.#byNode.get(agent.node.nodeId);
    if (held?.agent === agent) return held;
    if (held !== undefined && held.agent.facts.epoch > agent.facts.epoch) return undefined;
    const opened = new WorkSession(agent);
    this.#byNode.set(agent.node.nodeId, opened);
    return opened;
  }

  ended(agent: AgentSession): void {
    if (this.#byNode.get(agent.node.nodeId)?.agent === agent) this.#byNode.delete(agent.node.nodeId);
  }
}
