import { type BatchView, FINAL_DEPTH, type Outcome, SETTLED_DEPTH, together } from './batch-state.ts';

export const BLOCK_SECONDS = 30;

interface Block {
  readonly time: number;
  /** By request key, in their order. */
  readonly transactions: readonly string[];
}

/** One chain and the pool of its nodes, as far as a batch can tell. The contract applies a content once, or, unguarded, each time. */
export class ModelChain {
  #blocks: Block[] = [{ time: 0, transactions: [] }];
  #pool = new Set<string>();
  /** Every transaction that was ever sent, with its end. */
  readonly #expiry = new Map<string, number>();

  get now(): number {
    return this.#tip.time;
  }

  get #tip(): Block {
    return this.#blocks.at(-1)!;
  }

  send(key: string, expiresAt: number): void {
    this.#expiry.set(key, expiresAt);
    if (!this.#isMined(key, this.#blocks)) this.#pool.add(key);
  }

  losePool(): void {
    this.#pool.clear();
  }

  /** @param includes whether the miner has room for it. */
  mine(includes: boolean, seconds = BLOCK_SECONDS): void {
    const valid = [...this.#pool].filter((key) => this.now < this.#expiry.get(key)!);
    this.#pool = new Set(valid);
    const taken = includes ? valid : [];
    for (const key of taken) this.#pool.delete(key);
    this.#blocks.push({ time: this.now + seconds, transactions: taken });
  }

  /** The newest blocks give way to one more of others, in which what they had is lost, or waits again. */
  fork(depth: number, by: { keeps: boolean; includes: boolean; seconds: number }): void {
    const orphans = this.#blocks.splice(Math.max(1, this.#blocks.length - depth));
    if (by.keeps) for (const key of orphans.flatMap((block) => block.transactions)) this.#pool.add(key);
    for (let i = 0; i <= orphans.length; i += 1) this.mine(by.includes, by.seconds);
  }

  /** How often the content is in blocks: more than once only where a contract has to look twice. */
  get inclusions(): number {
    return this.#blocks.reduce((sum, { transactions }) => sum + transactions.length, 0);
  }

  view(keys: readonly string[]): BatchView {
    const mark = (depth: number) =>
      this.#at(depth).some((block) => block.transactions.length > 0) ? 'ours' : 'none';
    const outcome = (depth: number): Outcome =>
      together(keys.map((key) => (this.#isMined(key, this.#at(depth)) ? 'applied' : 'absent')));
    return {
      deepTime: this.#at(FINAL_DEPTH).at(-1)?.time ?? 0,
      deepHeight: this.#at(FINAL_DEPTH).length,
      mark: mark(FINAL_DEPTH),
      settledMark: mark(SETTLED_DEPTH),
      tip: outcome(0),
      deep: outcome(FINAL_DEPTH),
    };
  }

  #at(depth: number): readonly Block[] {
    return this.#blocks.slice(0, Math.max(0, this.#blocks.length - depth));
  }

  #isMined(key: string, blocks: readonly Block[]): boolean {
    return blocks.some(({ transactions }) => transactions.includes(key));
  }
}
