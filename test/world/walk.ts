import type { Dice } from './random.ts';

/** A figure that wanders between bounds and is drawn back to its middle, moved by the time that has passed. */
export class Walk {
  readonly #dice: Dice;
  readonly #low: number;
  readonly #high: number;
  #value: number;

  constructor(dice: Dice, low: number, high: number) {
    this.#dice = dice;
    this.#low = low;
    this.#high = high;
    this.#value = dice.number(low, high);
  }

  get value(): number {
    return this.#value;
  }

  /** Half way to the middle within about ten minutes, were it not for the noise. */
  step(elapsedMs: number): number {
    const [low, high] = [this.#low, this.#high];
    const share = Math.min(1, elapsedMs / 900_000);
    const pull = ((low + high) / 2 - this.#value) * share;
    const noise = this.#dice.number(-1, 1) * (high - low) * Math.sqrt(share) * 0.5;
    this.#value = Math.min(high, Math.max(low, this.#value + pull + noise));
    return this.#value;
  }
}
