import { equalBytes, MAX_TIPS, type Tip } from '@stoa/protocol';

/** Knows which tips the hub has, so that each report holds what is new and nothing else. */
export class TipTracker {
  readonly #known = new Map<number, Tip>();
  #unacknowledged: { seq: number; tips: readonly Tip[] }[] = [];

  /** A new session, or a hub that asks for everything. */
  reset(): void {
    this.#known.clear();
    this.#unacknowledged = [];
  }

  /** Those that differ from what was last acknowledged. */
  changed(tips: readonly Tip[]): Tip[] {
    return tips
      .filter((tip) => {
        const known = this.#known.get(tip.chain);
        return known === undefined || known.height !== tip.height || !equalBytes(known.hash, tip.hash);
      })
      .slice(0, MAX_TIPS);
  }

  sent(seq: number, tips: readonly Tip[]): void {
    if (tips.length > 0) this.#unacknowledged.push({ seq, tips });
  }

  acknowledged(seq: number): void {
    for (let first = this.#unacknowledged[0]; first && first.seq <= seq; first = this.#unacknowledged[0]) {
      for (const tip of first.tips) this.#known.set(tip.chain, tip);
      this.#unacknowledged.shift();
    }
  }
}
