import type { EncodedMessage } from '@stoa/protocol';
import type { Lane, Outgoing } from '#outbox/outbox.ts';

/** In the order given; when full, the newcomer is refused and counted. */
export class FifoLane implements Lane {
  readonly #most: number;
  readonly #queue: Outgoing[] = [];
  #refused = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#queue.length;
  }

  get refused(): number {
    return this.#refused;
  }

  offer(message: EncodedMessage, sent?: (seq: number) => void): boolean {
    if (this.#queue.length >= this.#most) {
      this.#refused += 1;
      return false;
    }
    this.#queue.push({ message, sent });
    return true;
  }

  take(): Outgoing | undefined {
    return this.#queue.shift();
  }

  clear(): void {
    this.#queue.length = 0;
  }
}

/** Makes the message when it can be sent; undefined if there is nothing to say after all. */
export type Maker = () => Outgoing | undefined;

/**
 * One place for each kind of report: asking twice sends once, and the report is made at the moment that the link takes
 * it. Newest wins.
 */
export class NewestLane implements Lane {
  readonly #wanted = new Map<string, Maker>();

  get length(): number {
    return this.#wanted.size;
  }

  want(kind: string, make: Maker): void {
    this.#wanted.set(kind, make);
  }

  take(): Outgoing | undefined {
    for (const [kind, make] of this.#wanted) {
      this.#wanted.delete(kind);
      const made = make();
      if (made !== undefined) return made;
    }
    return undefined;
  }

  clear(): void {
    this.#wanted.clear();
  }
}

/** Several sources of one urgency, in order. */
export function joinLanes(...lanes: readonly Lane[]): Lane {
  return {
    take() {
      for (const lane of lanes) {
        const next = lane.take();
        if (next !== undefined) return next;
      }
      return undefined;
    },
  };
}
