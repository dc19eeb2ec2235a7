import {
  type AgentMessage,
  CLOSE,
  type Decoded,
  decodeAgentMessage,
  type EncodedMessage,
  encodeHubMessage,
  type HUB_FRAMES,
  type HubFrameName,
  LIMITS,
  ProtocolError,
  type Session,
} from '@stoa/protocol';
import type { Link } from './link.ts';
import type { LiveNode } from './live-node.ts';
import type { UptimeWord } from './uptime.ts';

/** What may wait for a reader that does not read, in bytes. */
const BUFFERED_CAP = 256 * 1024;
/** Frames that a session may send a second, over what it saved up. */
const FRAMES_PER_SECOND = 10;
const FRAME_BURST = 200;
/** Acknowledgements that wait for the database: an agent beats twice a minute, so this is an outage of hours. */
const OWED_CAP = 500;

export interface NodeSessionFacts {
  readonly epoch: number;
  /** Hex: as the node's checkpoints name it. */
  readonly sessionId: string;
  /** Hex: names the process. */
  readonly bootId: string;
  /** Where it comes from. */
  readonly address: string;
  readonly quarantined: boolean;
  readonly pingMs: number;
  /** What both sides know (`CAPABILITY`). */
  readonly capabilities: number;
}

/** An established session: opens and seals frames, counts them, and knows when the peer was last heard. */
export class NodeSession {
  readonly node: LiveNode;
  readonly facts: NodeSessionFacts;
  readonly link: Link;
  /** The node's row is to be written. */
  changed = false;
  uptime: UptimeWord | undefined;
  /** Headers that were asked for and neither came nor were refused: a node that does not answer is asked no more. */
  headersAsked = 0;
  readonly #session: Session;
  #lastReceived: number;
  #pingMs: number;
  #allowance = FRAME_BURST;
  #owed: number[] = [];

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
    this.sendEncoded(encodeHubMessage(name, value));
  }

  /** A peer that does not read is closed by what would pass the cap, so no burst can fill the memory (F26). */
  sendEncoded({ type, payload }: EncodedMessage): void {
    this.link.send(this.#session.seal(type, payload));
    if (this.link.buffered > BUFFERED_CAP) this.link.close(CLOSE.slowReader, 'the agent does not read');
  }

  /** A heartbeat taken at `hubTime` is acknowledged once it is stored. */
  owe(hubTime: number): void {
    if (this.#owed.length < OWED_CAP) this.#owed.push(hubTime);
  }

  /** What was owed is stored. Each acknowledgement names the minute that was marked, however late it is. */
  settle(): void {
    if (this.#owed.length === 0) return;
    const owed = this.#owed;
    this.#owed = [];
    for (const hubTime of owed) this.send('heartbeatAck', { hubTime });
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

  /** Whether the peer must be taken for dead (F06). */
  isDead(now: number): boolean {
    return now - this.#lastReceived > this.#pingMs * LIMITS.deadAfterPings;
  }
}
