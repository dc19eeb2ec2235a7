import type { Command } from './command.ts';

/** A longer queue takes nothing more. */
const MOST_PENDING = 10_000;

interface Entry {
  readonly command: Command;
  /** In which order it came. */
  readonly number: number;
}

/**
 * What one node keeps for one chain. That a command was mined is no state of the mempool but of the fork that the node
 * follows: after a reorganisation it is pending again of itself.
 */
export class Mempool {
  readonly #entries = new Map<string, Entry>();
  readonly #bad = new Map<string, string>();
  #sorted: Entry[] | undefined;
  #numbers = 0;
  #nonce = 1;

  /** Of the process: marks of another one mean nothing. */
  get nonce(): number {
    return this.#nonce;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): Command | undefined {
    return this.#entries.get(key)?.command;
  }

  add(command: Command): void {
    if (this.#entries.size >= MOST_PENDING || this.has(command.key)) return;
    this.#numbers += 1;
    this.#entries.set(command.key, { command, number: this.#numbers });
    this.#sorted = undefined;
  }

  /** The node never takes it again. */
  condemn(key: string, why: string): void {
    this.#bad.set(key, why);
    this.#drop(key);
  }

  /** @returns why it was condemned */
  verdictOn(key: string): string | undefined {
    return this.#bad.get(key);
  }

  /** By price, then by gas limit, the cheapest to fit first; what expired by then is dropped. */
  pending(isMined: (key: string) => boolean, now: number): readonly Command[] {
    for (const { command } of this.#entries.values())
      if (now >= command.creationTime + command.ttl) this.#drop(command.key);
    this.#sorted ??= [...this.#entries.values()].sort(byPrice);
    return this.#sorted.flatMap(({ command }) => (isMined(command.key) ? [] : [command]));
  }

  /** What came after the mark, with the mark to ask from next time. */
  since(mark: number, isMined: (key: string) => boolean): readonly [keys: string[], mark: number] {
    const fresh = [...this.#entries.values()].filter(({ number }) => number > mark);
    return [fresh.flatMap(({ command: { key } }) => (isMined(key) ? [] : [key])), this.#numbers];
  }

  forget(key: string): void {
    this.#drop(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#bad.clear();
    this.#nonce += 1;
    this.#sorted = undefined;
  }

  #drop(key: string): void {
    if (this.#entries.delete(key)) this.#sorted = undefined;
  }
}

function byPrice(a: Entry, b: Entry): number {
  const [one, other] = [a.command.gasPrice.units, b.command.gasPrice.units];
  if (one !== other) return one > other ? -1 : 1;
  return a.command.gasLimit - b.command.gasLimit || a.number - b.number;
}
