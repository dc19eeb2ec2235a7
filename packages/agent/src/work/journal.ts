import {
  bool,
  bytes,
  fixed,
  type JobResult,
  jobResultKind,
  peek,
  record,
  text,
  toHex,
  u16,
  u64,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Disk, readText } from '#disk.ts';
import { appendRecord, formatRecord, parseRecords, type RecordKind } from '#record-line.ts';
import { attemptKey, type Lease } from '#work/lease.ts';
import { OrderBook } from '#work/order-book.ts';

/** A job that is about to be run, with all that must be known of it if this process ends meanwhile. */
export interface Begun {
  readonly jobId: Uint8Array;
  readonly attempt: number;
  readonly fencingToken: number;
  readonly kind: string;
  readonly idempotencyKey: Uint8Array;
  /** Zero where none was needed. */
  readonly orderId: Uint8Array;
  /** Of that order, ms. */
  readonly expiresAt: number;
  /** Counts against what the owner allows a day without the own signature. */
  readonly counted: boolean;
  /** Proven time, ms. */
  readonly at: number;
}

export interface Ended {
  /** Zero where the job was refused. */
  readonly idempotencyKey: Uint8Array;
  readonly sealed: Uint8Array;
}

/** A result that this node has signed. */
export interface Told {
  readonly result: JobResult;
  readonly hash: Uint8Array;
  readonly idempotencyKey: Uint8Array;
  readonly sealed: Uint8Array;
}

const begunKind: RecordKind<Begun> = {
  name: 'stoa-job-begun-1',
  codec: record({
    jobId: fixed(16),
    attempt: u16,
    fencingToken: u64,
    kind: text(40),
    idempotencyKey: fixed(16),
    orderId: fixed(16),
    expiresAt: u64,
    counted: bool,
    at: u64,
  }),
};

const endedKind: RecordKind<Ended> = {
  name: 'stoa-job-ended-1',
  codec: record({ idempotencyKey: fixed(16), sealed: bytes(2_176) }),
};

/** Results that are remembered for a job that comes again. What an order covers is remembered until the order ends. */
const REMEMBERED = 128;
/** Lines appended before the file is written anew. */
const LINES = 512;

/**
 * What this node began and ended, on disk before anybody is told; it lies outside of any version's folder, so an older
 * agent that comes back reads the same (F10).
 *
 * One line is written before a job runs, one when its result is in the spool. That second line is also the head of the
 * chain of results: a result in the spool that the journal does not know was signed by a process that ended before it
 * could say so, and is taken over at the next start.
 */
export class Journal {
  /** Begun and without a result, by `attemptKey`. */
  readonly active: Map<string, Begun> = new Map();
  readonly orders: OrderBook = new OrderBook();
  readonly #disk: Disk;
  readonly #path: string;
  readonly #told = new Map<string, Told>();
  #head: Told | undefined;
  #lines = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  static async open(disk: Disk, path: string): Promise<Journal> {
    const journal = new Journal(disk, path);
    const lines = (await readText(disk, path)) ?? '';
    for (const used of parseRecords(OrderBook.kind, lines)) journal.orders.use(used);
    for (const begun of parseRecords(begunKind, lines)) journal.#began(begun);
    for (const ended of parseRecords(endedKind, lines)) journal.#end(ended);
    journal.#lines = lines.split('\n').length / 2;
    return journal;
  }

  /** The last of the chain of results; number 0 before the first. */
  get head(): { readonly number: number; readonly hash: Uint8Array } {
    return this.#head === undefined
      ? { number: 0, hash: new Uint8Array(32) }
      : { number: this.#head.result.number, hash: this.#head.hash };
  }

  /** The last results, oldest first. */
  get told(): Told[] {
    return [...this.#told.values()];
  }

  toldOf(lease: Pick<Lease, 'jobId' | 'attempt'>): Told | undefined {
    return this.#told.get(attemptKey(lease));
  }

  /** The success that this effect has had already. */
  successOf(idempotencyKey: Uint8Array): Told | undefined {
    const key = toHex(idempotencyKey);
    return this.told.findLast(
      (told) => told.result.outcome === 'succeeded' && toHex(told.idempotencyKey) === key,
    );
  }

  /** Resolves when it is on the medium. @throws DiskError: then nothing was begun. */
  async begin(begun: Begun): Promise<void> {
    // In memory at once: a second job under the same order may come while the first is being written.
    const undo = this.#began(begun);
    try {
      await this.#run(() => this.#append(begunKind, begun));
    } catch (error) {
      undo();
      throw error;
    }
  }

  /** @throws DiskError: then it is as if it had not been said. */
  async end(ended: Ended): Promise<void> {
    await this.#run(async () => {
      await this.#append(endedKind, ended);
      this.#end(ended);
    });
  }

  /** Writes the file anew once it has grown. @param timeFloor Orders that ended before it can't come again. */
  async compact(timeFloor: number): Promise<void> {
    if (this.#lines >= LINES) await this.rewrite(timeFloor);
  }

  /** Writes the file anew. @param timeFloor as of `compact`. @throws DiskError: then it is as it was. */
  rewrite(timeFloor: number): Promise<void> {
    return this.#run(() => this.#rewrite(timeFloor));
  }

  async #rewrite(timeFloor: number): Promise<void> {
    this.orders.forget(timeFloor);
    const text = [
      ...this.orders.used.map((used) => formatRecord(OrderBook.kind, used)),
      ...[...this.active.values()].map((begun) => formatRecord(begunKind, begun)),
      ...this.told.map((told) => formatRecord(endedKind, told)),
    ];
    await this.#disk.writeAtomic(this.#path, text.join(''));
    this.#lines = 0;
  }

  /** One write after the other: what is written anew must hold every line that was there. */
  #run(task: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(task);
    this.#writing = done.catch(() => undefined);
    return done;
  }

  async #append<T>(kind: RecordKind<T>, value: T): Promise<void> {
    await appendRecord(this.#disk, this.#path, kind, value);
    this.#lines += 1;
  }

  #began(begun: Begun): () => void {
    const key = attemptKey(begun);
    this.active.set(key, begun);
    const undo = this.orders.use(begun);
    return () => {
      this.active.delete(key);
      undo();
    };
  }

  #end({ idempotencyKey, sealed }: Ended): void {
    const result = peek(jobResultKind, sealed);
    const key = attemptKey(result);
    this.active.delete(key);
    const told = { result, hash: nodeCrypto.hash(sealed), idempotencyKey, sealed };
    this.#told.delete(key);
    this.#told.set(key, told);
    if (result.number > (this.#head?.result.number ?? 0)) this.#head = told;
    const [oldest] = this.#told.keys();
    if (this.#told.size > REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
  }
}
