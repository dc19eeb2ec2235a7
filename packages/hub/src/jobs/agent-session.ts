import type { Decoded, EncodedMessage, HUB_FRAMES, HubFrameName } from '@stoa/protocol';

/** What work needs of a session of the gateway. */
export interface AgentSession {
  readonly node: { readonly nodeId: string; readonly owner: string; readonly site: string };
  readonly facts: { readonly epoch: number; readonly quarantined: boolean };
  send<N extends HubFrameName>(name: N, value: Decoded<(typeof HUB_FRAMES)[N]>): void;
  sendEncoded(message: EncodedMessage): void;
}
