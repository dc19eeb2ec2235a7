import type { Clock, Timer } from '#clock.ts';

interface Entry {
  at: number;
  order: number;
  task: () => void;
}

/**
 * Time that passes only in `advance`. Timers run in order of their time, then of their making; between two instants
 * every promise chain that needs no real I/O runs to its end. Fit for a thousand agents in one process.
 */
export class VirtualClock implements Clock {
  #elapsed = 0;
  #wall: number;
  #orders = 0;
  // A binary heap: a thousand agents hold ten thousand timers.
  readonly #heap: Entry[] = [];
  readonly #live = new Set<Entry>();
  readonly #settle: () => Promise<void>;

  /** @param settle resolves when nothing is under way any more; a world with real I/O in it brings its own. */
  constructor(startMs: number = Date.UTC(2026, 0, 1), settle: () => Promise<void> = macrotask) {
    this.#wall = startMs;
    this.#settle = settle;
  }

  /** Whole milliseconds, as `Date.now` gives them. */
  now(): number {
    return Math.floor(this.#wall + this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** Moves the wall clock alone, as NTP or a dead battery does. */
  skewWall(ms: number): void {
    this.#wall += ms;
  }

  /** Timers that were neither run nor cancelled: a leak check. */
  get pending(): number {
    return this.#live.size;
  }

  after(delayMs: number, task: () => void): Timer {
    const entry = { at: this.#elapsed + Math.max(0, delayMs), order: this.#orders++, task };
    this.#live.add(entry);
    this.#push(entry);
    return { cancel: () => void this.#live.delete(entry) };
  }

  /** Runs everything due within `ms`, including what that schedules in turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await this.#settle();
    for (let next = this.#heap[0]; next && next.at <= end; next = this.#heap[0]) {
      this.#elapsed = next.at;
      this.#runInstant(next.at);
      await this.#settle();
    }
    this.#elapsed = end;
  }

  #runInstant(at: number): void {
    for (let next = this.#heap[0]; next && next.at <= at; next = this.#heap[0]) {
      this.#pop();
      if (this.#live.delete(next)) next.task();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (before(heap[parent]!, entry)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (before(last, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A macrotask: when it runs, the microtask queue is empty. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
