import {
  type AgentMessage,
  CLOSE,
  type Decoded,
  decodeAgentMessage,
  encodeHubMessage,
  type HUB_FRAMES,
  type HubFrameName,
  LIMITS,
  ProtocolError,
  type Session,
  type Verify,
} from '@stoa/protocol';
import type { Link } from './link.ts';
import type { LiveNode } from './live-node.ts';

/** What may wait for a reader that does not read, in bytes, before it is closed (F26). */
const BUFFERED_CAP = 256 * 1024;
/** Frames that a session may send a second, over what it saved up. */
const FRAMES_PER_SECOND = 10;
const FRAME_BURST = 200;

export interface NodeSessionFacts {
  readonly sessionId: string;
  readonly epoch: number;
  readonly quarantined: boolean;
  readonly pingMs: number;
  /** The node's key as the handshake proved it. */
  readonly verify: Verify;
  readonly publicKey: Uint8Array;
}

/** An established session: opens and seals frames, counts them, and knows when the peer was last heard. */
export class NodeSession {
  readonly node: LiveNode;
  readonly facts: NodeSessionFacts;
  readonly link: Link;
  readonly #session: Session;
  #lastReceived: number;
  #pingMs: number;
  #allowance = FRAME_BURST;

  constructor(by: { node: LiveNode; facts: NodeSessionFacts; link: Link; session: Session; now: number }) {
    this.node = by.node;
    this.facts = by.facts;
    this.link = by.link;
    this.#session = by.session;
    this.#lastReceived = by.now;
    this.#pingMs = by.facts.pingMs;
  }

  get pingMs(): number {
    return this.#pingMs;
  }

  /** The agent's own interval, fitted to its NAT; bounded, so that no agent can make itself immortal. */
  set pingMs(value: number) {
    this.#pingMs = Math.min(Math.max(value, 1_000), 120_000);
  }

  send<N extends HubFrameName>(name: N, value: Decoded<(typeof HUB_FRAMES)[N]>): void {
    const { type, payload } = encodeHubMessage(name, value);
    this.link.send(this.#session.seal(type, payload));
  }

  /** @throws ProtocolError for a frame that breaks the session; the caller closes the link. */
  receive(bytes: Uint8Array, now: number): AgentMessage {
    const { type, payload } = this.#session.open(bytes);
    this.#allowance =
      Math.min(FRAME_BURST, this.#allowance + ((now - this.#lastReceived) * FRAMES_PER_SECOND) / 1000) - 1;
    this.#lastReceived = now;
    if (this.#allowance < 0)
      throw new ProtocolError(
        'too_large',
        `more than ${FRAMES_PER_SECOND} frames a second over a burst of ${FRAME_BURST}`,
      );
    return decodeAgentMessage(type, payload);
  }

  /** Why the session must end now, if it must: a dead peer (F06) or one that does not read (F26). */
  fault(now: number): { code: number; reason: string } | undefined {
    if (now - this.#lastReceived > this.#pingMs * LIMITS.deadAfterPings)
      return { code: CLOSE.deadPeer, reason: 'nothing heard for 2.5 ping intervals' };
    if (this.link.buffered > BUFFERED_CAP)
      return { code: CLOSE.slowReader, reason: 'the agent does not read' };
    return undefined;
  }
}
