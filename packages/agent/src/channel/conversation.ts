import {
  type AgentAnswer,
  type AgentParty,
  answerChallenge,
  CLOSE,
  decodeHubMessage,
  type EncodedMessage,
  FRAME,
  type HubMessage,
  ProtocolError,
  type Random,
  readPlain,
  type Session,
  type Welcome,
  writePlain,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { DialTarget, Link, LinkEnd, Transport, TransportName } from '#channel/transport.ts';

export interface ConversationListener {
  /** The hub has proven itself; our Hello is out. */
  challenged(hubTime: number): void;
  /** @throws ProtocolError to refuse the session. */
  welcomed(welcome: Welcome): void;
  /** Before the session: Throttle, Error, Refuse or Revoke, worth what its own signature is worth. */
  notice(message: HubMessage): void;
  /** Within the session: each frame's acknowledgement, then its message. */
  acknowledged(seq: number): void;
  message(message: HubMessage): void;
  drained(): void;
  /** Exactly once, and last. */
  ended(end: ConversationEnd): void;
}

export interface ConversationEnd extends LinkEnd {
  /** Where the peer broke the protocol, or its message could not be handled. */
  readonly error?: Error | undefined;
  /** How far it came. */
  readonly phase: Phase;
  readonly transport: TransportName;
}

/**
 * dialling: waits for the hub's Challenge. authenticating: the Hello is out, waits for Welcome. session: frames are
 * sealed and opened under the session's keys. ended: nothing is sent or heard any more.
 */
export type Phase = 'dialling' | 'authenticating' | 'session' | 'ended';

export interface ConversationOptions {
  transport: Transport;
  target: Omit<DialTarget, 'nonceA'>;
  /** Who speaks; asked when the hub's Challenge is there. */
  party: () => Omit<AgentParty, 'acceptsBinding'>;
  random: Random;
  listener: ConversationListener;
}

/** One connection from its dial to its end: the wire side of the channel, without a clock or a memory of the last one. */
export class Conversation {
  readonly transport: Transport;
  readonly #options: ConversationOptions;
  readonly #nonceA: Uint8Array;
  readonly #link: Link;
  #phase: Phase = 'dialling';
  #answer: AgentAnswer | undefined;
  #session: Session | undefined;
  #error: Error | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.transport = options.transport;
    this.#nonceA = options.random(32);
    this.#link = options.transport.dial(
      { ...options.target, nonceA: this.#nonceA },
      {
        message: (bytes) => this.#receive(bytes),
        drained: () => options.listener.drained(),
        closed: (end) => this.#ended(end),
      },
    );
  }

  get phase(): Phase {
    return this.#phase;
  }

  get buffered(): number {
    return this.#link.buffered;
  }

  /** Within a session only. Returns the frame's sequence number. */
  send({ type, payload }: EncodedMessage): number {
    const session = this.#session;
    if (session === undefined || this.#phase !== 'session')
      throw new Error('a frame was sent outside of a session');
    this.#link.send(session.seal(type, payload));
    return session.sent;
  }

  close(code: number, reason: string): void {
    this.#link.close(code, reason);
  }

  /** For a peer that is silent. */
  destroy(error: Error): void {
    this.#error ??= error;
    this.#link.destroy();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#phase === 'ended' || this.#error !== undefined) return;
    try {
      if (this.#phase === 'session') this.#frame(bytes);
      else this.#handshake(bytes);
    } catch (thrown) {
      this.#error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#link.close(thrown instanceof ProtocolError ? thrown.closeCode : CLOSE.badFrame, 'bad message');
    }
  }

  #handshake(bytes: Uint8Array): void {
    if (this.#answer !== undefined && bytes[1] === FRAME.welcome) {
      this.#welcome(this.#answer, bytes);
      return;
    }
    const { type, payload } = readPlain(bytes);
    if (type === FRAME.challenge && this.#answer === undefined) this.#challenge(payload);
    else this.#options.listener.notice(decodeHubMessage(type, payload));
  }

  #challenge(sealed: Uint8Array): void {
    const { party, random, listener, transport } = this.#options;
    const answer = answerChallenge(
      sealed,
      { nonceA: this.#nonceA, transport: transport.name },
      {
        party: { ...party(), acceptsBinding: (binding) => this.#link.acceptsBinding(binding) },
        crypto: nodeCrypto,
        random,
      },
    );
    this.#answer = answer;
    this.#phase = 'authenticating';
    this.#link.send(writePlain(FRAME.hello, answer.hello));
    listener.challenged(answer.hubTime);
  }

  #welcome(answer: AgentAnswer, frame: Uint8Array): void {
    const { welcome, session } = answer.welcome(frame);
    this.#session = session;
    this.#phase = 'session';
    this.#options.listener.welcomed(welcome);
  }

  #frame(bytes: Uint8Array): void {
    const { type, ack, payload } = this.#session!.open(bytes);
    this.#options.listener.acknowledged(ack);
    const message = decodeKnown(type, payload);
    if (message !== undefined) this.#options.listener.message(message);
  }

  #ended(end: LinkEnd): void {
    const phase = this.#phase;
    this.#phase = 'ended';
    this.#options.listener.ended({ ...end, phase, error: this.#error, transport: this.transport.name });
  }
}

/** A type that this version does not know is a newer hub's: what must not be ignored needs a capability. */
function decodeKnown(type: number, payload: Uint8Array): HubMessage | undefined {
  try {
    return decodeHubMessage(type, payload);
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'unknown_type') return undefined;
    throw error;
  }
}
