import type { Clock } from '../clock.ts';

/** Answered at a time: the database has other guests. */
const AT_ONCE = 4;
/** One that comes sooner is not answered. Agents wait a minute. */
const LEAST_MS = 55_000;

/**
 * Nodes' questions, one of each at a time and each in its turn: the queue is no longer than there are nodes, and who waits holds
 * nothing but his question. By node, since a new session costs it nothing.
 */
export class Questions {
  readonly #clock: Pick<Clock, 'now'>;
  /** When each node asked last. */
  readonly #asked = new Map<string, number>();
  readonly #open = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #answered = 0;
  #sweptAt = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** @returns whether it was the node's turn to ask, after the answer. */
  async ask(nodeId: string, answer: () => Promise<void>): Promise<boolean> {
    if (!this.#admits(nodeId)) return false;
    this.#open.add(nodeId);
    try {
      await this.#turn();
      try {
        await answer();
      } finally {
        this.#next();
      }
    } finally {
      this.#open.delete(nodeId);
    }
    return true;
  }

  #admits(nodeId: string): boolean {
    const now = this.#clock.now();
    if (now - this.#sweptAt >= LEAST_MS) this.#sweep(now);
    if (this.#open.has(nodeId) || now - (this.#asked.get(nodeId) ?? 0) < LEAST_MS) return false;
    this.#asked.set(nodeId, now);
    return true;
  }

  #sweep(now: number): void {
    for (const [nodeId, at] of this.#asked) if (now - at >= LEAST_MS) this.#asked.delete(nodeId);
    this.#sweptAt = now;
  }

  async #turn(): Promise<void> {
    if (this.#answered < AT_ONCE) this.#answered += 1;
    else await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Whoever waits longest takes the place over. */
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#answered -= 1;
    else {
      this.#waiting.delete(first);
      first();
    }
  }
}
