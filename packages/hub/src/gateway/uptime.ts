/**
 * The minutes of one hub hour in which a session was acknowledged. Two words of 30 bits, since 60 bits break number
 * arithmetic. Bits are only ever added.
 */
export interface UptimeWord {
  readonly nodeId: string;
  readonly hubHour: number;
  /** Names the session. */
  readonly epoch: number;
  low: number;
  high: number;
  /** Holds a minute that is not stored yet. */
  changed: boolean;
}

/** Who earns minutes, and where the running hour's are kept. */
export interface UptimeBearer {
  readonly node: { readonly nodeId: string };
  readonly facts: { readonly epoch: number };
  uptime: UptimeWord | undefined;
}

/** Minutes on their way to the database; a session's later words replace its earlier ones. */
export class UptimeBook {
  #changed: UptimeWord[] = [];

  mark(bearer: UptimeBearer, now: number): void {
    const minute = Math.floor(now / 60_000);
    const hubHour = Math.floor(minute / 60);
    let word = bearer.uptime;
    if (word?.hubHour !== hubHour) {
      const { node, facts } = bearer;
      word = { nodeId: node.nodeId, hubHour, epoch: facts.epoch, low: 0, high: 0, changed: false };
      bearer.uptime = word;
    }
    const bit = minute % 60;
    const before = bit < 30 ? word.low : word.high;
    const after = before | (1 << (bit % 30));
    if (after === before) return;
    if (bit < 30) word.low = after;
    else word.high = after;
    if (word.changed) return;
    word.changed = true;
    this.#changed.push(word);
  }

  take(): UptimeWord[] {
    const taken = this.#changed;
    this.#changed = [];
    for (const word of taken) word.changed = false;
    return taken;
  }

  /** They could not be written. */
  giveBack(words: readonly UptimeWord[]): void {
    for (const word of words) {
      if (word.changed) continue;
      word.changed = true;
      this.#changed.push(word);
    }
  }
}

/** Both words as the one that checkpoints and receipts carry. */
export function minutesOf({ low, high }: Pick<UptimeWord, 'low' | 'high'>): bigint {
  return (BigInt(high) << 30n) | BigInt(low);
}
