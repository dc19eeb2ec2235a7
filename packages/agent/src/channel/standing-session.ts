import { encodeAgentMessage, type HubMessage, LIMITS, type Welcome } from '@stoa/protocol';
import type { ChannelOptions } from '#channel/channel-listener.ts';
import type { Conversation } from '#channel/conversation.ts';
import { DeadPeerError } from '#channel/fault.ts';
import type { History } from '#channel/history.ts';
import type { HubWord } from '#channel/hub-word.ts';
import { Liveness } from '#channel/liveness.ts';

export interface StandingSessionOptions
  extends Pick<ChannelOptions, 'clock' | 'log' | 'natIdleMs' | 'listener'> {
  conversation: Conversation;
  word: HubWord;
  history: History;
  /** The hub asks to be left, ms from now. */
  drain: (delayMs: number) => void;
}

/** One session from its Welcome to its end: whether the hub lives, and what it says to the channel itself. */
export class StandingSession {
  readonly welcome: Welcome;
  readonly #options: StandingSessionOptions;
  readonly #liveness: Liveness;
  readonly #startedAt: number;

  constructor(welcome: Welcome, options: StandingSessionOptions) {
    const { clock, conversation } = options;
    // What came is a view of the link's buffer.
    this.welcome = { ...welcome, sessionId: welcome.sessionId.slice() };
    this.#options = options;
    this.#startedAt = clock.monotonic();
    this.#liveness = new Liveness({
      clock,
      sendPing: (intervalMs) => void conversation.send(encodeAgentMessage('ping', { intervalMs })),
      dead: () => conversation.destroy(new DeadPeerError(this.#liveness.intervalMs)),
    });
    this.adaptPing();
  }

  get ageMs(): number {
    return this.#options.clock.monotonic() - this.#startedAt;
  }

  get rttMs(): number | undefined {
    return this.#liveness.rttMs;
  }

  get pingMs(): number {
    return this.#liveness.intervalMs;
  }

  adaptPing(): void {
    this.#liveness.start(this.welcome.pingMs, this.#options.natIdleMs());
  }

  acknowledged(seq: number): void {
    this.#liveness.heard();
    this.#options.listener.acknowledged(seq);
  }

  message(message: HubMessage): void {
    const { listener, log, conversation, history, word } = this.#options;
    switch (message.name) {
      case 'goAway':
        this.#goAway(message.value);
        return;
      case 'refuse':
      case 'revoke':
        if (word.verdict(message)) conversation.close(1000, 'understood');
        return;
      case 'error':
        log.warn('channel-hub-error', { ...message.value });
        break;
      case 'pong':
        this.#liveness.pong();
        history.hubSaid(message.value.hubTime);
        break;
      case 'heartbeatAck':
        history.hubSaid(message.value.hubTime);
        break;
      default:
        break;
    }
    listener.message(message);
  }

  end(): void {
    this.#liveness.stop();
  }

  #goAway({ delayMs, alternates }: { delayMs: number; alternates: readonly string[] }): void {
    const { log, drain } = this.#options;
    if (alternates.length > 0)
      log.warn('channel-alternates-ignored', { why: 'they stand in no signed region directory' });
    drain(Math.min(delayMs, LIMITS.hubDelayAfterAuthMs));
  }
}
