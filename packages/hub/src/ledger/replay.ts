import { Balances } from './balances.ts';
import { eventHash, GENESIS } from './chain.ts';
import { type LedgerEvent, POSITIVE, SOURCES } from './event.ts';
import { TakenBack } from './taken-back.ts';

/** Something about the ledger that can't be. */
export interface Fault {
  readonly code:
    | 'event_changed'
    | 'event_missing'
    | 'event_not_positive'
    | 'end_differs'
    | 'balance_differs'
    | 'pending_differs'
    | 'not_conserved';
  /** Of the event, where it is about one. */
  readonly sequence?: number;
  readonly message: string;
}

const GIVING: ReadonlySet<string> = new Set(SOURCES);
const SHOWN = 100;

/** Reads a ledger from its first event on: what it adds up to, and whether each event is what was written. */
export class Replay {
  readonly balances = new Balances();
  readonly faults: Fault[] = [];
  /** Of all faults; the first hundred are told. */
  faultCount = 0;
  events = 0;
  /** What came into being since the last reset. */
  given = 0n;
  #sequence = 0;
  #hash: Uint8Array = GENESIS;
  readonly #takenBack = new TakenBack();
  readonly #checksChain: boolean;

  constructor({ chain }: { chain: boolean }) {
    this.#checksChain = chain;
  }

  get end(): { readonly sequence: number; readonly hash: Uint8Array } {
    return { sequence: this.#sequence, hash: this.#hash };
  }

  take(events: readonly LedgerEvent[]): void {
    for (const event of events) {
      if (this.#checksChain) this.#check(event);
      const isTakenBack = this.#takenBack.take(event);
      if (POSITIVE.has(event.kind) && event.amount <= 0n && !isTakenBack)
        this.fault({
          code: 'event_not_positive',
          sequence: event.sequence,
          message: `${named(event)} moves its amount backwards or not at all: more than 0 units are expected`,
        });
      this.#sequence = event.sequence;
      this.#hash = event.hash;
      this.events += 1;
      if (event.kind === 'reset') this.given = 0n;
      else if (GIVING.has(event.kind)) this.given += event.amount;
      this.balances.apply(event);
    }
  }

  /** After the last event. */
  finish(): void {
    const sum = this.balances.sum();
    if (sum !== this.given)
      this.fault({
        code: 'not_conserved',
        message: `balances add up to ${sum} units, ${this.given} came into being`,
      });
  }

  fault(fault: Fault): void {
    this.faultCount += 1;
    if (this.faults.length < SHOWN) this.faults.push(fault);
  }

  /** By the hash that stands before it, so that of changed events each is named, and none of those behind them. */
  #check(event: LedgerEvent): void {
    const { sequence } = event;
    if (sequence !== this.#sequence + 1)
      this.fault({
        code: 'event_missing',
        sequence,
        message: `event ${sequence} follows event ${this.#sequence}: ${sequence - this.#sequence - 1} are missing between them`,
      });
    else if (!Buffer.from(eventHash(this.#hash, event)).equals(event.hash))
      this.fault({ code: 'event_changed', sequence, message: `${named(event)} is not as it was written` });
  }
}

function named({ sequence, kind, accountId, nodeId, hour, amount }: LedgerEvent): string {
  const node = nodeId === '' ? '' : ` of node ${nodeId}`;
  return `event ${sequence} (${kind}${node}, account ${accountId}, hour ${hour}, ${amount} units)`;
}
