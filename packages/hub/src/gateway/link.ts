import type { Transport } from '@stoa/protocol';

/** One agent's connection as the gateway sees it, whatever carries it. Messages keep their order. */
export interface Link {
  readonly transport: Exclude<Transport, 'enrol'>;
  /** Client address, as text; `unknown` for the simulated world. */
  readonly address: string;
  send(message: Uint8Array): void;
  /**
   * Idempotent; `onClose` is called before it returns, and `onMessage` no more after it. What was sent before is still
   * delivered where the peer reads it.
   */
  close(code: number, reason: string): void;
  /** Bytes accepted by `send` that the peer has not taken yet. */
  readonly buffered: number;
  onMessage: (message: Uint8Array) => void;
  /** Called once, whoever closed. */
  onClose: (code: number) => void;
}

/** What the agent says with its request for a connection, before anything is trusted. */
export interface LinkRequest {
  readonly nonceA: Uint8Array;
  readonly cookie: Uint8Array | undefined;
}
