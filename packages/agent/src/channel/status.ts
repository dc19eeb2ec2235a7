import type { TransportName } from '#channel/transport.ts';

/**
 * idle: not started. connecting: dialled, the hub has not spoken. authenticating: the hub has proven itself, our Hello
 * is out. established: a session. quarantined: a session that is seen but not paid. draining: a session that is to end
 * soon, by the hub's or our own plan. waiting: until the next attempt. refused: likewise, after a signed Refuse.
 * closed: stopped, or revoked by the root.
 */
export type ChannelState =
  | 'idle'
  | 'connecting'
  | 'authenticating'
  | 'established'
  | 'quarantined'
  | 'draining'
  | 'waiting'
  | 'refused'
  | 'closed';

export interface LastFault {
  readonly code: string;
  readonly message: string;
  /** Wall clock of this host, ms since 1970. */
  readonly at: number;
}

/** What the channel knows of itself. Durations in ms. */
export interface ChannelStatus {
  readonly state: ChannelState;
  /** How long it has been in this state. */
  readonly forMs: number;
  readonly transport: TransportName | undefined;
  /** Hex, while a session stands. */
  readonly sessionId: string | undefined;
  readonly rttMs: number | undefined;
  readonly pingMs: number | undefined;
  /** This host's clock minus the hub's; shown, never used. */
  readonly skewMs: number | undefined;
  readonly retryInMs: number | undefined;
  /** Attempts in a row that led to no session. */
  readonly failures: number;
  readonly sessions: number;
  readonly lastFault: LastFault | undefined;
}
