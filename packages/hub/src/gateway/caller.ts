import type { Clock } from '../clock.ts';
import type { Link } from './link.ts';

/** A link during its handshake: what it says next, and whether it has left. */
export class Caller {
  readonly link: Link;
  readonly #onLeave: () => void;
  #left = false;
  #settle: ((message: Uint8Array | undefined) => void) | undefined;

  constructor(link: Link, onLeave: () => void) {
    this.link = link;
    this.#onLeave = onLeave;
    link.onMessage = (message) => this.#settle?.(message);
    link.onClose = () => this.#leave();
  }

  get left(): boolean {
    return this.#left;
  }

  /** The next message; undefined where it left, or said nothing in time. What it says unasked is dropped. */
  next(withinMs: number, clock: Clock): Promise<Uint8Array | undefined> {
    if (this.#left) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const cancel = clock.after(withinMs, () => this.#settle?.(undefined));
      this.#settle = (message) => {
        this.#settle = undefined;
        cancel();
        resolve(message);
      };
    });
  }

  #leave(): void {
    this.#left = true;
    this.#settle?.(undefined);
    this.#onLeave();
  }
}
