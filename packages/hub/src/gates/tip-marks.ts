/** A block that nodes report as their tip. */
export interface MarkedTip {
  readonly chain: number;
  /** base64url. */
  readonly hash: string;
}

/** The number of no tip: never near. */
export const NO_TIP = 0;

/**
 * Small numbers for the tips that nodes report, so that a node's ten tips are ten integers and each distinct tip is judged
 * once for the whole fleet. A number is free again when no node reports its tip any more: nobody can fill the memory with
 * hashes beyond those that it reports at once.
 */
export class TipMarks {
  readonly #marks = new Map<string, number>();
  readonly #tips: (MarkedTip | undefined)[] = [undefined];
  readonly #holders: number[] = [0];
  readonly #free: number[] = [];
  #near = new Uint8Array(64);

  /** Numbers in use lie below it. */
  get length(): number {
    return this.#tips.length;
  }

  /** 1 for each tip that was near the head when they were last judged. Indexed by its number; holds until the next `judge`. */
  get near(): Uint8Array {
    return this.#near;
  }

  /** One more node reports the tip. */
  hold(tip: MarkedTip): number {
    const key = keyOf(tip);
    const held = this.#marks.get(key);
    if (held !== undefined) {
      this.#holders[held]! += 1;
      return held;
    }
    const mark = this.#free.pop() ?? this.#tips.length;
    this.#tips[mark] = tip;
    this.#holders[mark] = 1;
    this.#marks.set(key, mark);
    return mark;
  }

  /** One node less reports it. */
  release(mark: number): void {
    if (mark === NO_TIP) return;
    this.#holders[mark]! -= 1;
    if (this.#holders[mark]! > 0) return;
    this.#marks.delete(keyOf(this.#tips[mark]!));
    this.#tips[mark] = undefined;
    this.#free.push(mark);
  }

  /** Judges each distinct tip once. */
  judge(isNear: (tip: MarkedTip) => boolean): void {
    if (this.#near.length < this.#tips.length) this.#near = new Uint8Array(this.#tips.length * 2);
    for (let mark = 1; mark < this.#tips.length; mark += 1) {
      const tip = this.#tips[mark];
      this.#near[mark] = tip !== undefined && isNear(tip) ? 1 : 0;
    }
  }
}

/** With its chain: that is a node's claim, and what one claims of a hash must not bind the others. */
function keyOf({ chain, hash }: MarkedTip): string {
  return `${chain} ${hash}`;
}
