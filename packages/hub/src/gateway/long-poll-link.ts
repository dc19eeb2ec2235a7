import { joinBatch, LIMITS, ProtocolError, splitBatch } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Link } from './link.ts';

export type PollAnswer = { readonly body: Uint8Array } | { readonly closed: number };

const HOLD_MS = 25_000;
const POLL_BYTES = 4 * LIMITS.frameBytes;
/** Of the Hello, in a batch of its own. */
const FIRST_BYTES = LIMITS.preAuthBytes + 4;
/** An agent that does not come back to poll is gone. */
const ABANDONED_MS = 90_000;

/**
 * The frames of one session over numbered polls. Poll n is answered once with what the hub has to say; the answer is
 * kept until poll n + 1 shows that it arrived, so a lost answer is given again and its messages are not taken twice.
 *
 * Invariant: at most one poll is held; a newer one releases it at once with what there is.
 */
export class LongPollLink implements Link {
  readonly transport = 'long-poll';
  readonly address: string;
  onMessage: (message: Uint8Array) => void = () => undefined;
  onClose: (code: number) => void = () => undefined;
  readonly #clock: Clock;
  readonly #onGone: () => void;
  #outgoing: Uint8Array[] = [];
  #outgoingBytes = 0;
  #poll = 0;
  #heard = false;
  #answer: Promise<PollAnswer> = Promise.resolve({ body: new Uint8Array(0) });
  #held: { release(): void } | undefined;
  #closed: number | undefined;
  #abandon: () => void;

  /** @param by.onGone called once it is closed, whoever closed it. */
  constructor(by: { clock: Clock; address: string; onGone?: () => void }) {
    this.#clock = by.clock;
    this.address = by.address;
    this.#onGone = by.onGone ?? (() => undefined);
    this.#abandon = this.#armAbandon();
  }

  get buffered(): number {
    return this.#outgoingBytes;
  }

  /** Bytes that the body of a poll may have; few before the agent's first message, whoever sends it. */
  get bodyBytes(): number {
    return this.#heard ? POLL_BYTES : FIRST_BYTES;
  }

  get closed(): number | undefined {
    return this.#closed;
  }

  send(message: Uint8Array): void {
    if (this.#closed !== undefined) return;
    this.#outgoing.push(message);
    this.#outgoingBytes += message.length;
    this.#held?.release();
  }

  close(code: number, _reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = code;
    this.#abandon();
    this.#held?.release();
    this.onClose(code);
    this.#onGone();
  }

  /** What the hub says first: the Challenge, or why there is none. */
  async first(): Promise<Uint8Array> {
    if (this.#outgoing.length === 0 && this.#closed === undefined) await this.#hold();
    return this.#take();
  }

  #take(): Uint8Array {
    const batch = joinBatch(this.#outgoing);
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    return batch;
  }

  /** @throws ProtocolError `malformed` for a batch that does not parse, or a poll that is neither the last nor the next. */
  poll(number: number, body: Uint8Array): Promise<PollAnswer> {
    if (number === this.#poll) return this.#answer;
    if (number !== this.#poll + 1)
      throw new ProtocolError(
        'malformed',
        `poll ${number} received, ${this.#poll} or ${this.#poll + 1} expected`,
      );
    const messages = splitBatch(body);
    this.#held?.release();
    this.#heard ||= messages.length > 0;
    this.#poll = number;
    this.#abandon();
    this.#abandon = this.#armAbandon();
    this.#answer = this.#respond(number, messages);
    return this.#answer;
  }

  async #respond(number: number, messages: readonly Uint8Array[]): Promise<PollAnswer> {
    for (const message of messages) if (this.#closed === undefined) this.onMessage(message);
    if (this.#outgoing.length === 0 && this.#closed === undefined) await this.#hold();
    // Released by a newer poll: that one carries what there is.
    if (number !== this.#poll) return { body: new Uint8Array(0) };
    if (this.#outgoing.length === 0 && this.#closed !== undefined) return { closed: this.#closed };
    return { body: this.#take() };
  }

  #hold(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(HOLD_MS, () => this.#held?.release());
      this.#held = {
        release: () => {
          this.#held = undefined;
          cancel();
          resolve();
        },
      };
    });
  }

  #armAbandon(): () => void {
    return this.#clock.after(ABANDONED_MS, () => this.close(1006, 'the agent stopped polling'));
  }
}
