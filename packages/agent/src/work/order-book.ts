import { bool, equalBytes, fixed, record, toHex, u16, u64 } from '@stoa/protocol';
import type { RecordKind } from '#record-line.ts';

/** An order that a job of this node was begun under. */
export interface UsedOrder {
  readonly orderId: Uint8Array;
  /** The one job that it covers here. */
  readonly jobId: Uint8Array;
  /** The highest attempt that was begun. */
  readonly attempt: number;
  readonly expiresAt: number;
  readonly counted: boolean;
  /** When that attempt was begun: proven time, ms. */
  readonly at: number;
}

/** Orders that have not ended are never forgotten: a node that has so many takes no more. */
const MOST = 2_048;
const DAY_MS = 24 * 3_600_000;

/**
 * Which orders were used up here. An order covers the attempts at one job, each once, in ascending order; so whoever
 * holds an order and the hub's key can't make its effect happen twice. An order is forgotten when the proven time has
 * passed its end, since it would be refused for that.
 */
export class OrderBook {
  static readonly kind: RecordKind<UsedOrder> = {
    name: 'stoa-order-used-1',
    codec: record({
      orderId: fixed(16),
      jobId: fixed(16),
      attempt: u16,
      expiresAt: u64,
      counted: bool,
      at: u64,
    }),
  };
  readonly #used = new Map<string, UsedOrder>();
  /** Attempts that count against the day, each once however often it is restored. */
  readonly #counted = new Map<string, UsedOrder>();

  /** What must outlive this process. */
  get used(): UsedOrder[] {
    return [...new Set([...this.#used.values(), ...this.#counted.values()])];
  }

  /** Why this order does not cover this attempt, or undefined. */
  refusal({ orderId, jobId, attempt }: Pick<UsedOrder, 'orderId' | 'jobId' | 'attempt'>): string | undefined {
    const used = this.#used.get(toHex(orderId));
    if (used === undefined)
      return this.#used.size >= MOST ? `this node holds ${MOST} orders that have not ended` : undefined;
    if (!equalBytes(used.jobId, jobId)) return `the order was used for job ${toHex(used.jobId)} here`;
    return attempt > used.attempt ? undefined : `attempt ${used.attempt} was begun under it here`;
  }

  /** Attempts of the 24 hours before that had no signature of the owner. By proven time, which no instance can turn. */
  countedWithinDay(timeFloor: number): number {
    for (const [key, { at }] of this.#counted) if (at <= timeFloor - DAY_MS) this.#counted.delete(key);
    return this.#counted.size;
  }

  /** Nothing for a job without an order. Returns how to take it back. */
  use(used: UsedOrder): () => void {
    if (used.orderId.every((byte) => byte === 0)) return () => undefined;
    const key = toHex(used.orderId);
    const counted = `${key}-${used.attempt}`;
    const before = this.#used.get(key);
    if (before === undefined || used.attempt > before.attempt) this.#used.set(key, used);
    if (used.counted) this.#counted.set(counted, used);
    return () => {
      if (before === undefined) this.#used.delete(key);
      else this.#used.set(key, before);
      this.#counted.delete(counted);
    };
  }

  /** What would be refused for its age is not worth remembering. */
  forget(timeFloor: number): void {
    for (const [key, { expiresAt }] of this.#used) if (expiresAt <= timeFloor) this.#used.delete(key);
    this.countedWithinDay(timeFloor);
  }
}
