import { type JobKind, type LeaseRequest, LIMITS, ProtocolError } from '@stoa/protocol';

const SLOTS = ['mutating', 'read'] as const;
export type SlotClass = (typeof SLOTS)[number];

const CAPACITY: Readonly<Record<SlotClass, number>> = {
  mutating: LIMITS.mutatingSlots,
  read: LIMITS.readSlots,
};

export function slotOf({ class: kindClass }: Pick<JobKind, 'class'>): SlotClass {
  return kindClass === 'read' ? 'read' : 'mutating';
}

/**
 * Places for jobs, told to the hub as a window: it may send until the jobs sent in a session pass those received + free
 * as last said. Nothing is counted up or down on either side, so no loss can wear a place out (F23).
 *
 * Invariants: busy <= capacity whatever a hub sends; what was received in a session never passes the highest window said
 * in it.
 */
export class Slots {
  readonly #busy = { mutating: 0, read: 0 };
  #received = { mutating: 0, read: 0 };
  #window = { mutating: 0, read: 0 };

  /** A new session counts anew, and whoever was busy before still is. */
  opened(): void {
    this.#received = { mutating: 0, read: 0 };
    this.#window = { mutating: 0, read: 0 };
  }

  free(of: SlotClass): number {
    return CAPACITY[of] - this.#busy[of];
  }

  /** @throws ProtocolError for a job that nobody asked for. */
  received(of: SlotClass): void {
    this.#received[of] += 1;
    if (this.#received[of] > this.#window[of])
      throw new ProtocolError(
        'malformed',
        `${this.#received[of]} ${of} jobs came in this session, ${this.#window[of]} were asked for`,
      );
  }

  occupy(of: SlotClass): void {
    this.#busy[of] += 1;
  }

  release(of: SlotClass): void {
    this.#busy[of] -= 1;
  }

  /** @param held None is free: what is under way ends, and nothing follows. */
  request(held: boolean): LeaseRequest {
    const free = (of: SlotClass): number => (held ? 0 : Math.max(0, this.free(of)));
    const request = {
      mutating: free('mutating'),
      read: free('read'),
      receivedMutating: this.#received.mutating,
      receivedRead: this.#received.read,
    };
    for (const slot of SLOTS)
      this.#window[slot] = Math.max(this.#window[slot], this.#received[slot] + request[slot]);
    return request;
  }
}
