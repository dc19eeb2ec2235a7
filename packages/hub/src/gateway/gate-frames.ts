import type { AgentDescription, Heartbeat } from '@stoa/protocol';
import type { NodeSession } from './node-session.ts';

/**
 * Who judges nodes by what they say: `gates/`. Told of sessions that are not quarantined alone, in the order of their frames;
 * what it does must take no time.
 */
export interface GateFrames {
  opened(session: NodeSession, now: number): void;
  /** Any frame. */
  heard(session: NodeSession, now: number): void;
  heartbeat(session: NodeSession, beat: Heartbeat, now: number): void;
  /** Chains on which the node reports another tip than before. */
  tips(session: NodeSession, chains: readonly number[]): void;
  described(session: NodeSession, description: AgentDescription): void;
  /** Resolves once it is stored; a ProtocolError ends the session. */
  dialBackResult(session: NodeSession, sealed: Uint8Array): Promise<void>;
  ended(session: NodeSession): void;
}
