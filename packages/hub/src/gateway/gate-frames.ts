import type { AgentDescription, Heartbeat } from '@stoa/protocol';
import type { LiveNode } from './live-node.ts';
import type { NodeSession, NodeSessionFacts } from './node-session.ts';

/** What judging needs of a session. */
export interface GatedSession {
  readonly node: Pick<LiveNode, 'nodeId' | 'owner' | 'site' | 'tipHash' | 'reportedTips'>;
  readonly facts: NodeSessionFacts;
  readonly send: NodeSession['send'];
}

/**
 * Who judges nodes by what they say: `gates/` and `sybil/`. Told of sessions that are not quarantined alone, in the order of their frames;
 * what it does must take no time.
 */
export interface GateFrames {
  opened(session: GatedSession, now: number): void;
  /** Any frame. */
  heard(session: GatedSession, now: number): void;
  heartbeat(session: GatedSession, beat: Heartbeat, now: number): void;
  /** Chains on which the node reports another tip than before. */
  tips(session: GatedSession, chains: readonly number[]): void;
  described(session: GatedSession, description: AgentDescription): void;
  /** Resolves once it is stored; a ProtocolError ends the session. */
  dialBackResult(session: GatedSession, sealed: Uint8Array): Promise<void>;
  /** Likewise. */
  auditResponse(session: GatedSession, sealed: Uint8Array): Promise<void>;
  ended(session: GatedSession): void;
}
