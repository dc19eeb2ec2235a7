import type { Binding } from '@stoa/protocol';
import type { HubHttpError } from '#channel/hub-error.ts';

export type TransportName = 'websocket' | 'long-poll';

/** A way to carry messages to the hub. Each keeps their order and bounds; none retries: that is the channel's work. */
export interface Transport {
  readonly name: TransportName;
  /** Returns at once; what becomes of the attempt is told to the listener. */
  dial(target: DialTarget, listener: LinkListener): Link;
}

export type Transports = { readonly websocket: Transport; readonly 'long-poll'?: Transport | undefined };

export interface DialTarget {
  /** Scheme, host and port: `https://hub.example`. */
  readonly origin: string;
  readonly nonceA: Uint8Array;
  /** Re-entry cookie of the last Welcome. */
  readonly cookie?: Uint8Array | undefined;
}

export interface LinkListener {
  /** Never before `dial` has returned. */
  message(bytes: Uint8Array): void;
  /** `buffered` fell below the low mark. */
  drained(): void;
  /** Exactly once, and last; also for an attempt that failed. */
  closed(end: LinkEnd): void;
}

/** Why a link ended. Nothing in it is signed, so nothing in it ever un-enrols (F05). */
export interface LinkEnd {
  /** Close code; 1006 where the connection broke. */
  readonly code: number;
  readonly reason: string;
  /** Whether the hub's end was ever reached: an upgrade, or an answered `poll/open`. */
  readonly opened: boolean;
  /** Where an HTTP answer came instead. */
  readonly httpStatus?: number | undefined;
  /** Where that answer was the hub's own. */
  readonly hubError?: HubHttpError | undefined;
  readonly cause?: unknown;
}

/** One connection. There is no 'open' event: the hub speaks first. */
export interface Link {
  /** Does nothing once the link is closed. */
  send(message: Uint8Array): void;
  /** Bytes accepted by `send` and not yet given to the network. */
  readonly buffered: number;
  /** Whether a signed binding names this very connection: the host dialled, or the exporter of its TLS session (RFC 9266). */
  acceptsBinding(binding: Binding): boolean;
  /** Idempotent; what was sent before still goes out. `closed` follows. */
  close(code: number, reason: string): void;
  /** Idempotent; for a peer that is silent: no farewell, nothing awaited. `closed` follows. */
  destroy(): void;
}

/** Once `buffered` was above it, `drained` is told when it falls below. */
export const LOW_MARK_BYTES: number = 32 * 1024;

export const AGENT_PATH = '/agent/v1';

/** Whether the terminator that the hub names is the host that was dialled. */
export function isTerminator(binding: Binding, origin: string): boolean {
  return binding.mode === 'terminator' && binding.value === new URL(origin).hostname;
}

/** The machine is there and nobody listens on it: such an attempt costs nobody anything. */
export function nobodyListens({ opened, cause }: Pick<LinkEnd, 'opened' | 'cause'>): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return !opened && (code === 'ECONNREFUSED' || code === 'http_refused');
}
