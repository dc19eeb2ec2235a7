import type { ChannelState, ChannelStatus } from '#channel/status.ts';
import type { Clock, Timer } from '#clock.ts';

/** The state that the channel is in, since when, and the one timer that is its own: it dies when the state is left. */
export class Stage {
  readonly #clock: Clock;
  #state: ChannelState = 'idle';
  #since: number;
  #timer: Timer | undefined;
  #dueAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  get state(): ChannelState {
    return this.#state;
  }

  enter(state: ChannelState): void {
    this.#timer?.cancel();
    this.#state = state;
    this.#since = this.#clock.monotonic();
  }

  /** Takes the place of what was to come after this state before. */
  after(delayMs: number, task: () => void): void {
    this.#timer?.cancel();
    this.#dueAt = this.#clock.monotonic() + delayMs;
    this.#timer = this.#clock.after(delayMs, task);
  }

  status(): Pick<ChannelStatus, 'state' | 'forMs' | 'retryInMs'> {
    const now = this.#clock.monotonic();
    const retries = this.#state === 'waiting' || this.#state === 'refused';
    return {
      state: this.#state,
      forMs: now - this.#since,
      retryInMs: retries ? Math.max(0, this.#dueAt - now) : undefined,
    };
  }
}
