import { type HubMessage, ProtocolError, type Revoke } from '@stoa/protocol';
import type { Fault } from '#channel/fault.ts';
import type { Party } from '#channel/party.ts';
import { readRefusal, readRevocation } from '#channel/verdict.ts';
import type { Log } from '#log.ts';

/** What the hub asked for; decides where the end of the conversation leads. */
export type Order =
  | { readonly kind: 'throttle'; readonly delayMs: number }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'revoke'; readonly revocation: Revoke };

export type Verdict = Extract<HubMessage, { name: 'refuse' | 'revoke' }>;

/** What the hub said in one conversation about this node and its sessions, each word worth what its signature is worth. */
export class HubWord {
  readonly #party: Party;
  readonly #log: Log;
  #order: Order | undefined;
  #fault: Fault | undefined;

  constructor(party: Party, log: Log) {
    this.#party = party;
    this.#log = log;
  }

  get order(): Order | undefined {
    return this.#order;
  }

  /** Why, in the hub's words, this conversation came to nothing. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Before the session. @throws ProtocolError `malformed` for what belongs into one. */
  notice(message: HubMessage): void {
    if (message.name === 'throttle') this.#order = { kind: 'throttle', delayMs: message.value.retryAfterMs };
    else if (message.name === 'error') this.#fault = message.value;
    else if (message.name === 'refuse' || message.name === 'revoke') this.verdict(message);
    else throw new ProtocolError('malformed', `a ${message.name} message before the session`);
  }

  /** Whether its authority signed it: one that it did not sign is no more than a hub that closes (F05). */
  verdict(message: Verdict): boolean {
    const { trust, nodeId } = this.#party;
    try {
      if (message.name === 'refuse') {
        const { reason } = readRefusal(message.value, trust, nodeId);
        this.#order = { kind: 'refuse' };
        this.#fault = { code: 'node_refused', message: reason };
      } else {
        const revocation = readRevocation(message.value, trust.root, nodeId);
        this.#order = { kind: 'revoke', revocation };
      }
      return true;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#log.warn('channel-verdict-ignored', { verdict: message.name, why: error.message });
      return false;
    }
  }
}
