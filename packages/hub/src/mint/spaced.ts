import type { Clock } from '../clock.ts';

/** An act that is not repeated so soon: until then it is what came of it last, a failure too. */
export class Spaced<T> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #everyMs: number;
  #last: { readonly what: string; readonly at: number; readonly outcome: Promise<T> } | undefined;

  constructor(clock: Pick<Clock, 'now'>, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** @param what names it: another one is done at once, and is the last one then. */
  do(what: string, act: () => Promise<T>): Promise<T> {
    const at = this.#clock.now();
    if (this.#last?.what !== what || at - this.#last.at >= this.#everyMs)
      this.#last = { what, at, outcome: act() };
    return this.#last.outcome;
  }
}
