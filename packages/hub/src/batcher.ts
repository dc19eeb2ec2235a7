import type { Clock } from './clock.ts';

/**
 * Turns single requests into statements of many rows: what arrives within `windowMs` (or until `maxItems` wait) goes as
 * one call. In a reconnect storm the database sees hundreds of handshakes in a statement instead of one each.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #options: { clock: Clock; windowMs: number; maxItems: number };
  #waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  #scheduled: (() => void) | undefined;

  /** @param run answers in the order of its items. */
  constructor(
    options: { clock: Clock; windowMs: number; maxItems: number },
    run: (items: readonly Item[]) => Promise<readonly Result[]>,
  ) {
    this.#options = options;
    this.#run = run;
  }

  submit(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length >= this.#options.maxItems) this.#flush();
      else this.#scheduled ??= this.#options.clock.after(this.#options.windowMs, () => this.#flush());
    });
  }

  #flush(): void {
    this.#scheduled?.();
    this.#scheduled = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    this.#run(batch.map(({ item }) => item)).then(
      (results) => {
        for (const [i, { resolve }] of batch.entries()) resolve(results[i]!);
      },
      (error) => {
        for (const { reject } of batch) reject(error);
      },
    );
  }
}
