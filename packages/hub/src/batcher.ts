import type { Clock } from './clock.ts';

export interface BatcherOptions {
  readonly clock: Clock;
  /** How long the first one waits for company while nothing is under way, milliseconds. */
  readonly windowMs: number;
  /** The least time from one batch to the next, milliseconds: a single one is served at once, a herd in few statements. */
  readonly everyMs?: number;
  readonly maxItems: number;
}

/** Of a batch that the database rolled back for another's sake. */
const TRIES = 3;

interface Waiting<Item, Result> {
  readonly item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Turns single requests into statements of many rows. One batch is under way at a time, and what arrives meanwhile, or
 * within a window after it, goes with the next: the busier the database, the larger its statements. Only a full batch
 * does not wait.
 *
 * An item that the database refuses for what it holds fails alone: the batch is halved until it is found, so no peer's
 * bytes can fail the work of the others. A batch that was rolled back (a deadlock) is run again.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #options: BatcherOptions;
  #waiting: Waiting<Item, Result>[] = [];
  #underWay = 0;
  #scheduled = false;
  #sentAt = Number.NEGATIVE_INFINITY;

  /** @param run answers in the order of its items. */
  constructor(options: BatcherOptions, run: (items: readonly Item[]) => Promise<readonly Result[]>) {
    this.#options = options;
    this.#run = run;
  }

  submit(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length >= this.#options.maxItems) this.#send();
      else if (this.#underWay === 0) this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.after(this.#waitMs(), () => {
      this.#scheduled = false;
      if (this.#underWay === 0) this.#send();
    });
  }

  /** Never longer than the longer of the two, whatever the clock was set to meanwhile. */
  #waitMs(): number {
    const { clock, windowMs, everyMs = 0 } = this.#options;
    return Math.max(windowMs, Math.min(everyMs, this.#sentAt + everyMs - clock.now()));
  }

  #send(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#sentAt = this.#options.clock.now();
    this.#underWay += 1;
    void this.#settle(batch).then(() => {
      this.#underWay -= 1;
      if (this.#underWay === 0 && this.#waiting.length > 0) this.#schedule();
    });
  }

  /** Never rejects. */
  async #settle(batch: readonly Waiting<Item, Result>[], tries = TRIES): Promise<void> {
    try {
      const results = await this.#run(batch.map(({ item }) => item));
      for (const [i, { resolve }] of batch.entries()) resolve(results[i]!);
    } catch (error) {
      if (tries > 1 && isRolledBack(error)) return this.#settle(batch, tries - 1);
      if (batch.length === 1 || !isRefusedData(error)) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const half = batch.length >> 1;
      await this.#settle(batch.slice(0, half));
      await this.#settle(batch.slice(half));
    }
  }
}

/** SQLSTATE class 40, a deadlock among them: the database undid it so that others go on, and asks to be asked again. */
function isRolledBack(error: unknown): boolean {
  return sqlState(error)?.startsWith('40') ?? false;
}

/** SQLSTATE classes 22 (a value that its type cannot hold) and 23 (a broken constraint): the same rows fail again. */
export function isRefusedData(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error) ?? '');
}

function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
