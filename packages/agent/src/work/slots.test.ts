import type { LeaseRequest } from '@stoa/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SlotClass, Slots } from '#work/slots.ts';

const CLASSES = ['mutating', 'read'] as const;
const CAPACITY = { mutating: 1, read: 8 };

/** A hub as the protocol tells it: it sends while the jobs sent in this session do not pass received + free. */
class Hub {
  sent = { mutating: 0, read: 0 };
  window = { mutating: 0, read: 0 };

  opened(): void {
    this.sent = { mutating: 0, read: 0 };
    this.window = { mutating: 0, read: 0 };
  }

  heard(request: LeaseRequest): void {
    this.window = {
      mutating: request.receivedMutating + request.mutating,
      read: request.receivedRead + request.read,
    };
  }

  send(of: SlotClass): boolean {
    if (this.sent[of] >= this.window[of]) return false;
    this.sent[of] += 1;
    return true;
  }
}

/** Both ends with what is on the way between them. */
class Line {
  readonly slots = new Slots();
  readonly hub = new Hub();
  readonly busy = { mutating: 0, read: 0 };
  held = false;
  #up: LeaseRequest[] = [];
  #down: SlotClass[] = [];

  constructor() {
    this.reconnect();
  }

  ask(): void {
    this.#up.push(this.slots.request(this.held));
  }

  send(of: SlotClass): void {
    if (this.hub.send(of)) this.#down.push(of);
  }

  deliverUp(): void {
    const request = this.#up.shift();
    if (request) this.hub.heard(request);
  }

  /** A job arrives; one that was known already takes no slot (redelivery). */
  deliverDown(known: boolean): void {
    const of = this.#down.shift();
    if (of === undefined) return;
    this.slots.received(of);
    if (known) this.ask();
    else this.#occupy(of);
  }

  #occupy(of: SlotClass): void {
    this.slots.occupy(of);
    this.busy[of] += 1;
    expect(this.busy[of]).toBeLessThanOrEqual(CAPACITY[of]);
  }

  finish(of: SlotClass): void {
    if (this.busy[of] === 0) return;
    this.busy[of] -= 1;
    this.slots.release(of);
    this.ask();
  }

  hold(held: boolean): void {
    this.held = held;
    this.ask();
  }

  reconnect(): void {
    this.#up = [];
    this.#down = [];
    this.slots.opened();
    this.hub.opened();
    this.ask();
  }

  drain(): void {
    while (this.#down.length > 0) this.deliverDown(false);
    for (const slot of CLASSES) while (this.busy[slot] > 0) this.finish(slot);
    this.held = false;
    this.ask();
    while (this.#up.length > 0) this.deliverUp();
  }
}

type Step = (line: Line) => void;
const classes = fc.constantFrom(...CLASSES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: classes.map(
      (of): Step =>
        (line) =>
          line.send(of),
    ),
  },
  {
    weight: 3,
    arbitrary: classes.map(
      (of): Step =>
        (line) =>
          line.finish(of),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.boolean().map(
      (known): Step =>
        (line) =>
          line.deliverDown(known),
    ),
  },
  { weight: 4, arbitrary: fc.constant<Step>((line) => line.deliverUp()) },
  { weight: 1, arbitrary: fc.constant<Step>((line) => line.reconnect()) },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (held): Step =>
        (line) =>
          line.hold(held),
    ),
  },
);

test('F23 credits are conserved over any order of sending, losing and ending, and no slot is taken twice', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const line = new Line();
      for (const take of steps) take(line);
      line.drain();
      for (const slot of CLASSES) expect(line.hub.window[slot] - line.hub.sent[slot]).toBe(CAPACITY[slot]);
    }),
    { numRuns: 500 },
  );
});

test('a job that was not asked for is refused', () => {
  const slots = new Slots();
  slots.opened();
  slots.request(true);
  expect(() => slots.received('read')).toThrow('1 read jobs came in this session, 0 were asked for');
});
