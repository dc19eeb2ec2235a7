import type { EncodedMessage } from '@stoa/protocol';

/** From the most to the least urgent. */
export const LANES = ['control', 'heartbeat', 'tips', 'results', 'logs', 'metrics'] as const;
export type LaneName = (typeof LANES)[number];

export interface Outgoing {
  readonly message: EncodedMessage;
  /** Told once, with the frame's sequence number, when it was given to the link. */
  readonly sent?: ((seq: number) => void) | undefined;
}

/** A source of messages. What it keeps, and what it drops when it is full, is its own affair. */
export interface Lane {
  /** The next message, or undefined while there is none. Taking it hands over the duty to send it. */
  take(): Outgoing | undefined;
}

export interface Sink {
  /** Returns the frame's sequence number. */
  send(message: EncodedMessage): number;
  /** Bytes that were sent and not yet given to the network. */
  readonly buffered: number;
}

/** A link that holds more than this gets nothing more until it has drained. */
export const HIGH_MARK_BYTES: number = 128 * 1024;

/**
 * Decides what goes to the link next: always the most urgent lane that has something, and nothing while the link is
 * full. Messages stay in their lanes until the link takes them, so that a slow link sends the newest state, never a
 * backlog.
 */
export class Outbox {
  readonly #lanes: Readonly<Record<LaneName, Lane>>;
  #sink: Sink | undefined;
  #held: ReadonlySet<LaneName> = new Set();
  #pumping = false;

  constructor(lanes: Readonly<Record<LaneName, Lane>>) {
    this.#lanes = lanes;
  }

  /** A session stands. */
  attach(sink: Sink): void {
    this.#sink = sink;
    this.#held = new Set();
    this.pump();
  }

  detach(): void {
    this.#sink = undefined;
  }

  /** Holds lanes back, as a throttled or quarantined session demands. Replaces what was held before. */
  hold(lanes: Iterable<LaneName>): void {
    this.#held = new Set(lanes);
    this.pump();
  }

  /** Call when a lane has got something, and when the link has drained. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#sink !== undefined && this.#sink.buffered < HIGH_MARK_BYTES) {
        const next = this.#take();
        if (next === undefined) return;
        const seq = this.#sink.send(next.message);
        next.sent?.(seq);
      }
    } finally {
      this.#pumping = false;
    }
  }

  #take(): Outgoing | undefined {
    for (const name of LANES) {
      if (this.#held.has(name)) continue;
      const next = this.#lanes[name].take();
      if (next !== undefined) return next;
    }
    return undefined;
  }
}
