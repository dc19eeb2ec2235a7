import type { HubMessage, Random, Revoke, Welcome } from '@stoa/protocol';
import type { PartyOptions } from '#channel/party.ts';
import type { Transports } from '#channel/transport.ts';
import type { Clock } from '#clock.ts';
import type { AgentConfig } from '#config.ts';

export interface ChannelOptions extends PartyOptions {
  clock: Clock;
  random: Random;
  transports: Transports;
  configured: AgentConfig['transport'];
  /** Measured idle time of this node's NAT, ms. */
  natIdleMs: () => number | undefined;
  listener: ChannelListener;
}

/** Called in the order of events. */
export interface ChannelListener {
  /** A session stands; frames may be sent from now on. */
  opened(welcome: Welcome): void;
  /** Frames up to `seq` of this session have reached the hub. */
  acknowledged(seq: number): void;
  /** Any message of the session that the channel itself does not settle. */
  message(message: HubMessage): void;
  /** The link's buffer has room again. */
  drained(): void;
  /** The session is over; what was not acknowledged may not have arrived. */
  lost(): void;
  /** What a Welcome brought could not be stored. */
  unsaved(error: unknown): void;
  /** The root key revoked this node: the identity is to be wiped. Nothing follows. */
  revoked(revocation: Revoke): void;
}
