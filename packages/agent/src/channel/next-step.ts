import { CLOSE, LIMITS, type Revoke } from '@stoa/protocol';
import type { ConversationEnd } from '#channel/conversation.ts';
import { type Fault, faultOf } from '#channel/fault.ts';
import type { HubWord } from '#channel/hub-word.ts';
import type { Party } from '#channel/party.ts';
import type { ReconnectPolicy } from '#channel/reconnect.ts';
import { nobodyListens } from '#channel/transport.ts';
import type { TransportChoice } from '#channel/transport-choice.ts';

/** A hub that calls this data directory a stale copy is asked again so seldom at least. */
const STALE_COPY_MS = 5 * 60_000;

export interface Ended {
  readonly end: ConversationEnd;
  readonly word: HubWord;
  /** How long the session lasted, where there was one. */
  readonly sessionMs: number | undefined;
  /** Whether this node was about to leave it. */
  readonly leaving: boolean;
}

export type NextStep =
  | { readonly state: 'closed'; readonly revocation: Revoke }
  | {
      readonly state: 'waiting' | 'refused';
      readonly delayMs: number;
      /** Where this end was not meant to be. */
      readonly fault?: Fault;
    };

/** Where the end of a conversation leads. Only what an authority signed leads anywhere but to the next attempt (F05). */
export function nextStep(
  { end, word, sessionMs, leaving }: Ended,
  by: { policy: ReconnectPolicy; choice: TransportChoice; party: Party },
): NextStep {
  const { order } = word;
  if (order?.kind === 'revoke') return { state: 'closed', revocation: order.revocation };
  const fault = word.fault ?? faultOf(end);
  if (order?.kind === 'refuse') return { state: 'refused', delayMs: by.policy.refused(), fault };
  if (leaving) return { state: 'waiting', delayMs: by.policy.soon() };
  if (sessionMs !== undefined) return { state: 'waiting', delayMs: by.policy.afterSession(sessionMs), fault };
  if (refusesKey(end, fault)) by.party.refused();
  by.choice.failed(end.transport, end);
  const delayMs = nobodyListens(end)
    ? by.policy.afterRefusedConnection()
    : by.policy.named(askedDelay(end, word, fault), LIMITS.hubDelayBeforeAuthMs);
  return { state: 'waiting', delayMs, fault };
}

/** What the hub said of our Hello. A connection that broke then says nothing of the key. */
function refusesKey(end: ConversationEnd, { code }: Fault): boolean {
  if (end.phase !== 'authenticating' || end.error !== undefined) return false;
  return code === 'bad_signature' || code === 'bad_handshake';
}

function askedDelay(end: ConversationEnd, { order }: HubWord, fault: Fault): number {
  const throttled = order?.kind === 'throttle' ? order.delayMs : end.hubError?.retryAfterMs;
  const isCopy = fault.code === 'stale_copy' || end.code === CLOSE.quarantined;
  return Math.max(throttled ?? 0, isCopy ? STALE_COPY_MS : 0);
}
