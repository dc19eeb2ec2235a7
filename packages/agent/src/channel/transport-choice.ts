import {
  type LinkEnd,
  nobodyListens,
  type Transport,
  type TransportName,
  type Transports,
} from '#channel/transport.ts';
import type { Clock } from '#clock.ts';
import type { AgentConfig } from '#config.ts';

/** So many upgrades in a row must come to nothing before the network is held to block WebSockets. */
const BLOCKED_AFTER = 3;
/** How long long-poll is used before WebSockets are tried again. */
const RETRY_WEBSOCKET_MS = 60 * 60_000;

/**
 * Which transport the next attempt takes. With `auto`, upgrades that are answered by HTTP or by nothing three times in a
 * row give way to one attempt by long-poll. If that brings a session (so HTTPS works) long-poll stays for an hour;
 * if not, the hub is just away, and WebSocket is tried again.
 */
export class TransportChoice {
  readonly #transports: Transports;
  readonly #configured: AgentConfig['transport'];
  readonly #clock: Clock;
  #blocked = 0;
  #longPollSince: number | undefined;

  constructor(options: { transports: Transports; configured: AgentConfig['transport']; clock: Clock }) {
    this.#transports = options.transports;
    this.#configured = options.configured;
    this.#clock = options.clock;
  }

  next(): Transport {
    const longPoll = this.#transports['long-poll'];
    if (longPoll === undefined || this.#configured === 'websocket') return this.#transports.websocket;
    if (this.#configured === 'long-poll') return longPoll;
    const stays = this.#longPollSince !== undefined && !this.webSocketDue;
    return stays || this.#blocked >= BLOCKED_AFTER ? longPoll : this.#transports.websocket;
  }

  /** Whether a session by long-poll has lasted long enough to look for WebSockets again. */
  get webSocketDue(): boolean {
    if (this.#configured !== 'auto' || this.#longPollSince === undefined) return false;
    return this.#clock.monotonic() - this.#longPollSince >= RETRY_WEBSOCKET_MS;
  }

  established(name: TransportName): void {
    this.#blocked = 0;
    if (name === 'websocket') this.#longPollSince = undefined;
    else this.#longPollSince ??= this.#clock.monotonic();
  }

  /** An attempt ended without a session. */
  failed(name: TransportName, end: Pick<LinkEnd, 'opened' | 'httpStatus' | 'hubError' | 'cause'>): void {
    if (name === 'long-poll' || this.#longPollSince !== undefined) {
      this.#blocked = 0;
      this.#longPollSince = undefined;
    } else if (seemsBlocked(end)) this.#blocked += 1;
  }

  /** WebSockets were looked for while a long-poll session stood, and not found. */
  stillBlocked(): void {
    this.#longPollSince = this.#clock.monotonic();
  }
}

/** An answer by somebody else than the hub, or silence; a hub that refuses in its own words is reached. */
function seemsBlocked(end: Parameters<TransportChoice['failed']>[1]): boolean {
  const { opened, httpStatus, hubError, cause } = end;
  if (opened || hubError !== undefined) return false;
  if (httpStatus !== undefined) return true;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return !nobodyListens(end) && code !== 'ENOTFOUND' && code !== 'EAI_AGAIN';
}
