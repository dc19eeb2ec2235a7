import type { Fault } from '#channel/fault.ts';
import type { ChannelStatus, LastFault } from '#channel/status.ts';
import type { Clock } from '#clock.ts';

/** What people are shown of the sessions so far, and of what went wrong. */
export class History {
  readonly #clock: Clock;
  #sessions = 0;
  #skewMs: number | undefined;
  #lastFault: LastFault | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The skew is shown, never used (F21). */
  hubSaid(hubTime: number): void {
    this.#skewMs = this.#clock.now() - hubTime;
  }

  opened(): void {
    this.#sessions += 1;
  }

  failed({ code, message }: Fault): void {
    this.#lastFault = { code, message, at: this.#clock.now() };
  }

  status(): Pick<ChannelStatus, 'skewMs' | 'sessions' | 'lastFault'> {
    return { skewMs: this.#skewMs, sessions: this.#sessions, lastFault: this.#lastFault };
  }
}
