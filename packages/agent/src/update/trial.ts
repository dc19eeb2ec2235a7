import type { Clock, Timer } from '#clock.ts';
import type { ProofOfLife } from '#launcher/launched.ts';

export interface TrialOptions {
  readonly clock: Clock;
  /** No way leads out of this host: no default route. */
  readonly alone: () => boolean;
  /** The core is up for a minute; no proof yet of what else it needs. */
  readonly up: () => void;
  readonly proven: (proof: ProofOfLife) => void;
}

/** The core is up for so long. */
export const PROOF_MS = 60_000;
const LOOK_MS = 5_000;

/**
 * Whether what runs has proven itself: it is up for a minute and has had a session since it started, or is up for a minute
 * on a host without any network. Nothing else counts: not chainweb (F11), and nothing that is lost afterwards (F12).
 */
export class Trial {
  readonly #options: TrialOptions;
  #hadSession = false;
  #timer: Timer | undefined;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.after(PROOF_MS, () => {
      this.#options.up();
      this.#look();
    });
  }

  /** A session with the hub stands. */
  session(): void {
    this.#hadSession = true;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { clock, alone, proven } = this.#options;
    if (this.#hadSession) proven('session');
    else if (alone()) proven('alone');
    else this.#timer = clock.after(LOOK_MS, () => this.#look());
  }
}
