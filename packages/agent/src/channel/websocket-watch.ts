import { FRAME, type Random } from '@stoa/protocol';
import type { Transport } from '#channel/transport.ts';
import type { TransportChoice } from '#channel/transport-choice.ts';
import type { Clock, Timer } from '#clock.ts';

export interface WebSocketWatchOptions {
  clock: Clock;
  random: Random;
  transport: Transport;
  choice: TransportChoice;
  origin: () => string;
  /** An attempt is about to be made. */
  attempted: () => void;
  found: () => void;
}

const PERIOD_MS = 10 * 60_000;
const PROBE_MS = 15_000;

/** While long-poll carries the session, looks now and then whether WebSockets work again, without leaving it. */
export class WebSocketWatch {
  readonly #options: WebSocketWatchOptions;
  #timer: Timer | undefined;

  constructor(options: WebSocketWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    const { clock, choice } = this.#options;
    this.#timer = clock.after(PERIOD_MS, () => {
      this.start();
      if (choice.webSocketDue) this.#probe();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** The hub says its Challenge first, which is proof enough and is left unanswered. */
  #probe(): void {
    const { clock, random, transport, choice, origin, attempted, found } = this.#options;
    attempted();
    let answered = false;
    const link = transport.dial(
      { origin: origin(), nonceA: random(32) },
      {
        message: (bytes) => {
          answered ||= bytes[1] === FRAME.challenge;
          link.close(1000, 'only looking');
        },
        drained: () => undefined,
        closed: () => {
          timer.cancel();
          if (answered) found();
          else choice.stillBlocked();
        },
      },
    );
    const timer = clock.after(PROBE_MS, () => link.destroy());
  }
}
