import { CLOSE } from '@stoa/protocol';
import type { ConversationEnd } from '#channel/conversation.ts';
import { AgentError, describeError } from '#error.ts';

/** Code `dead_peer`: nothing was heard of the hub for two and a half pings (F06). */
export class DeadPeerError extends AgentError<'dead_peer'> {
  override readonly name = 'DeadPeerError';

  constructor(pingMs: number) {
    super('dead_peer', `the hub was silent for 2.5 pings of ${pingMs} ms: the connection is dead`, {
      retry: true,
    });
  }
}

/** Code `handshake_timeout`: no session came of an attempt in time. */
export class HandshakeTimeoutError extends AgentError<'handshake_timeout'> {
  override readonly name = 'HandshakeTimeoutError';

  constructor(phase: string, ms: number) {
    super('handshake_timeout', `the attempt was still ${phase} after ${ms} ms`, { retry: true });
  }
}

export interface Fault {
  readonly code: string;
  readonly message: string;
}

const CLOSE_NAMES = new Map<number, string>(
  Object.entries(CLOSE).map(([name, code]) => [
    code,
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  ]),
);

/** The most telling of what is known about an end. */
export function faultOf(end: ConversationEnd): Fault {
  if (end.error !== undefined) return describeError(end.error);
  if (end.hubError !== undefined) return end.hubError;
  if (end.httpStatus !== undefined)
    return { code: `http_${end.httpStatus}`, message: `${end.reason}: something before the hub answered` };
  const named = CLOSE_NAMES.get(end.code);
  if (named !== undefined) return { code: named, message: end.reason };
  if (end.cause !== undefined) {
    const { code, message } = describeError(end.cause);
    return { code: code === 'unknown' ? 'connection_failed' : code, message };
  }
  return { code: `closed_${end.code}`, message: end.reason || 'the connection ended' };
}
