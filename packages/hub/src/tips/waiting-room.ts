import type { Header } from '@stoa/protocol/chainweb';
import type { Reporter } from './reporter.ts';

export interface Waiting {
  readonly header: Header;
  /** Everybody who offered it: answerable for it once it can be judged. */
  readonly reporters: Map<string, Reporter>;
}

/**
 * Headers whose parents are not verified yet: neither believed nor forgotten at once. Bounded; the oldest goes first,
 * and is asked for again when it matters.
 */
export class WaitingRoom {
  readonly #limit: number;
  readonly #waiting = new Map<string, Waiting>();
  /** Hash of a missing parent -> hashes of those who wait for it. */
  readonly #waitFor = new Map<string, Set<string>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get(hash: string): Waiting | undefined {
    return this.#waiting.get(hash);
  }

  put(header: Header, reporter: Reporter): void {
    const known = this.#waiting.get(header.hash);
    if (known !== undefined) {
      known.reporters.set(reporter.nodeId, reporter);
      return;
    }
    this.#waiting.set(header.hash, { header, reporters: new Map([[reporter.nodeId, reporter]]) });
    for (const hash of parentsOf(header)) {
      this.#waitFor.set(hash, (this.#waitFor.get(hash) ?? new Set()).add(header.hash));
    }
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= this.#limit) {
        break;
      }
      this.take(oldest);
    }
  }

  take(hash: string): Waiting | undefined {
    const waiting = this.#waiting.get(hash);
    if (waiting !== undefined) {
      this.#waiting.delete(hash);
      for (const parent of parentsOf(waiting.header)) {
        const others = this.#waitFor.get(parent);
        others?.delete(hash);
        if (others?.size === 0) {
          this.#waitFor.delete(parent);
        }
      }
    }
    return waiting;
  }

  /** Those who wait for this header, among others perhaps. */
  waitingFor(hash: string): readonly Waiting[] {
    const hashes = [...(this.#waitFor.get(hash) ?? [])];
    return hashes.map((each) => this.#waiting.get(each)).filter((each) => each !== undefined);
  }

  /** Headers below this height can't be judged any more. */
  dropBelow(height: number): void {
    for (const { header } of this.#waiting.values()) {
      if (header.height < height) {
        this.take(header.hash);
      }
    }
  }
}

/** The parent first, then the adjacent parents. */
export function parentsOf(header: Header): readonly string[] {
  return [header.parent, ...header.adjacents.map(({ hash }) => hash)];
}
