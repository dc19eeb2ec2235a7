import { setImmediate as nextTurn } from 'node:timers/promises';

/** What all of it together may hold the event loop for in one turn: frames of agents wait meanwhile. */
const TURN_MS = 10;

const performanceClock = { monotonic: () => performance.now() };

interface Run {
  /** Does one piece; false once none is left. */
  step(): boolean;
}

/**
 * The share of the event loop that work of many pieces gets. A herd fills many batches at once; were each to yield by
 * itself, they would take their turns all in the same one. What fits into the turn is done at once, the rest in those
 * that follow, the batch that came first first.
 */
export class LoopShare {
  readonly #monotonic: () => number;
  readonly #runs: Run[] = [];
  /** End of the share of this turn of the loop; undefined while nothing was done in it. */
  #until: number | undefined;
  /** A piece may give work of its own: that waits for its turn as any other. */
  #stepping = false;

  /** @param by.monotonic real time, whatever the hub's clock says: the loop that is held is a real one. */
  constructor(by: { monotonic: () => number } = performanceClock) {
    this.#monotonic = by.monotonic;
  }

  /** In their order. @throws what the first piece threw that did; those after it are not done. */
  map<Item, Result>(items: Iterable<Item>, work: (item: Item) => Result): Promise<Result[]> {
    return new Promise((resolve, reject) => {
      const left = items[Symbol.iterator]();
      const results: Result[] = [];
      const step = (): boolean => {
        try {
          const next = left.next();
          if (next.done) resolve(results);
          else results.push(work(next.value));
          return next.done !== true;
        } catch (error) {
          reject(error);
          return false;
        }
      };
      this.#runs.push({ step });
      this.#go();
    });
  }

  /** One piece. */
  async run<Result>(work: () => Result): Promise<Result> {
    const [result] = await this.map([undefined], work);
    return result as Result;
  }

  #go(): void {
    if (this.#until === undefined) {
      this.#until = this.#monotonic() + TURN_MS;
      void nextTurn().then(() => {
        this.#until = undefined;
        if (this.#runs.length > 0) this.#go();
      });
    }
    if (this.#stepping) return;
    this.#stepping = true;
    while (this.#runs.length > 0 && this.#monotonic() < this.#until)
      if (!this.#runs[0]!.step()) this.#runs.shift();
    this.#stepping = false;
  }
}
