import { networkOf } from './network.ts';

export interface AdmissionLimits {
  /** Handshakes under way at once. */
  readonly concurrent: number;
  /** Connections waiting for a place. */
  readonly queued: number;
  /** Handshakes under way or waiting from one address (/64 in IPv6). */
  readonly perAddress: number;
}

export type Ticket =
  | { readonly admitted: true; readonly ready: Promise<boolean>; leave(): void }
  | { readonly admitted: false };

interface Waiter {
  known: boolean;
  go(admitted: boolean): void;
}

/**
 * The bounded accept queue. Connections with a valid re-entry cookie wait in a queue of their own and have half of the
 * capacity to themselves, so a flood of strangers cannot keep the fleet out. Whoever finds the queue full, or its
 * address over the cap, is refused before any signature work: a refusal costs a map look-up.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #perAddress = new Map<string, number>();
  readonly #queues: { known: Waiter[]; strangers: Waiter[] } = { known: [], strangers: [] };
  #active = { known: 0, strangers: 0 };

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get depth(): { active: number; waiting: number } {
    return {
      active: this.#active.known + this.#active.strangers,
      waiting: this.#queues.known.length + this.#queues.strangers.length,
    };
  }

  /** `leave` must be called once when the handshake ends, however it ends. `ready` tells false if it left while waiting. */
  enter(address: string, known: boolean): Ticket {
    const key = networkOf(address);
    const sameAddress = this.#perAddress.get(key) ?? 0;
    const queue = known ? this.#queues.known : this.#queues.strangers;
    if (sameAddress >= this.#limits.perAddress || queue.length >= this.#limits.queued / 2)
      return { admitted: false };
    this.#perAddress.set(key, sameAddress + 1);
    let state: 'waiting' | 'active' | 'left' = 'waiting';
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter: Waiter = {
      known,
      go: (admitted) => {
        if (state === 'left') return;
        state = admitted ? 'active' : 'left';
        resolve(admitted);
      },
    };
    queue.push(waiter);
    this.#advance();
    return {
      admitted: true,
      ready: promise,
      leave: () => {
        if (state === 'left') return;
        if (state === 'active') this.#active[known ? 'known' : 'strangers'] -= 1;
        else queue.splice(queue.indexOf(waiter), 1);
        state = 'left';
        resolve(false);
        this.#release(key);
        this.#advance();
      },
    };
  }

  #release(key: string): void {
    const left = (this.#perAddress.get(key) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(key);
    else this.#perAddress.set(key, left);
  }

  #advance(): void {
    const half = this.#limits.concurrent / 2;
    const { known, strangers } = this.#queues;
    while (this.#active.known + this.#active.strangers < this.#limits.concurrent) {
      const strangersMay = strangers.length > 0 && this.#active.strangers < half;
      const next =
        known.length > 0 && (this.#active.known < half || !strangersMay)
          ? known.shift()
          : strangersMay
            ? strangers.shift()
            : undefined;
      if (next === undefined) return;
      this.#active[next.known ? 'known' : 'strangers'] += 1;
      next.go(true);
    }
  }
}
