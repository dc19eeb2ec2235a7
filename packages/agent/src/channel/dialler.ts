import type { ChannelOptions } from '#channel/channel-listener.ts';
import { Conversation, type ConversationListener } from '#channel/conversation.ts';
import { type Ended, type NextStep, nextStep } from '#channel/next-step.ts';
import type { Party } from '#channel/party.ts';
import { ReconnectPolicy } from '#channel/reconnect.ts';
import type { TransportName } from '#channel/transport.ts';
import { TransportChoice } from '#channel/transport-choice.ts';
import { WebSocketWatch } from '#channel/websocket-watch.ts';

/** Where the next attempt goes, by which transport, and when. */
export class Dialler {
  readonly #options: ChannelOptions;
  readonly #party: Party;
  readonly #policy: ReconnectPolicy;
  readonly #choice: TransportChoice;
  readonly #watch: WebSocketWatch;
  #dialled: string | undefined;

  /** @param found WebSockets work again, while long-poll carries the session. */
  constructor(options: ChannelOptions, party: Party, found: () => void) {
    const { clock, random, transports, configured } = options;
    this.#options = options;
    this.#party = party;
    this.#policy = new ReconnectPolicy({ clock, random });
    this.#choice = new TransportChoice({ transports, configured, clock });
    this.#watch = new WebSocketWatch({
      clock,
      random,
      transport: transports.websocket,
      choice: this.#choice,
      origin: () => this.#nextOrigin,
      attempted: () => this.#policy.attempted(),
      found,
    });
  }

  /** Attempts in a row that led to no session. */
  get failures(): number {
    return this.#policy.failures;
  }

  dial(listener: ConversationListener): Conversation {
    const { random, store, log } = this.#options;
    const transport = this.#choice.next();
    this.#dialled = this.#nextOrigin;
    const target = { origin: this.#dialled, cookie: store.session.cookie };
    log.debug('channel-connecting', { origin: target.origin, transport: transport.name });
    this.#policy.attempted();
    return new Conversation({ transport, target, party: () => this.#party.speak(), random, listener });
  }

  established(transport: TransportName, reconnectWindowMs: number): void {
    this.#policy.welcomed(reconnectWindowMs);
    this.#choice.established(transport);
    this.#watch.start();
  }

  /** Delay after an attempt that could not even be begun. */
  unbegun(): number {
    return this.#policy.afterFailure();
  }

  ended(ended: Ended): NextStep {
    this.#watch.stop();
    return nextStep(ended, { policy: this.#policy, choice: this.#choice, party: this.#party });
  }

  /** Whom the last attempt went to, and the session is with; before any, whom the first goes to. */
  get origin(): string {
    return this.#dialled ?? this.#nextOrigin;
  }

  get #nextOrigin(): string {
    const { hubs } = this.#options.store.identity;
    return hubs[this.#policy.failures % hubs.length]!;
  }
}
