import { SignerError } from '#error.ts';
import { type LedgerLine, lineHash } from '#mint/approver/ledger-line.ts';

/** What one node's hour brought an account, units: at once, and when the warm-up ends. */
export interface HourAmount {
  now: bigint;
  later: bigint;
}

/** By account. */
export type HourAmounts = Map<string, HourAmount>;

/** What an approved plan takes. */
export interface ApprovedMint {
  readonly epoch: number;
  /** Whole points by account, of those that get any. */
  readonly points: ReadonlyMap<string, number>;
}

/** Where the cut ended that this approver approved last; 0 before the first. It keeps this itself: no event of a hub moves it. */
export interface ApprovedCut {
  readonly sequence: number;
  /** Hex. */
  readonly hash: string;
  /** Not known before the first. */
  readonly mint?: ApprovedMint;
}

/**
 * What only ever moves an amount onwards, or gives one: less than one unit of it would move the other way, past all evidence.
 * `matured` goes back within a revision (`#takenBack`).
 */
const POSITIVE: ReadonlySet<string> = new Set([
  ...['matured', 'reserved', 'settled', 'released', 'donation', 'mining'],
]);

/** A later word takes back what waits again, also of what was minted meanwhile: Current is below 0 until as much is earned. */
const REVISED: ReadonlySet<string> = new Set(['accrual', 'fee', 'matured']);

/**
 * A region's ledger as an approver adds it up by itself, event after event. What of it evidence has to bear out is kept by
 * node and hour; what none can is kept by account.
 */
export class RegionLedger {
  /** Units that may be minted, by account; below 0 only where a revision took back what was minted already. */
  readonly current: Map<string, bigint> = new Map();
  /** By `hourKey`. */
  readonly hours: Map<string, HourAmounts> = new Map();
  /** Of these, by their keys, what changed since the cut that was approved last. */
  readonly #changed = new Set<string>();
  /** Since the cut that was approved last: units that no receipt stands for, by account. */
  readonly unproven: Map<string, bigint> = new Map();
  /** Epochs that gave points back since then, by account: whether they were dead only the chains can say. */
  readonly released: Map<string, string> = new Map();
  /** Since then, for the epoch that was approved: units by account. */
  readonly reserved: Map<string, bigint> = new Map();
  /** By node and account. */
  readonly #pending = new Map<string, bigint>();
  /**
   * By the same: what the revision that is being read took back of it. A minute of a warm-up that has matured was found to be
   * paid at once: it is accrued, and what it gave when it matured goes back. Until then less than nothing waits.
   */
  readonly #takenBack = new Map<string, bigint>();
  #revision = '';
  readonly #approved: ApprovedCut;
  sequence = 0;
  hash = '';
  /** Of the event that ended all balances last; 0: none did. */
  reset = 0;

  constructor(approved: ApprovedCut) {
    this.#approved = approved;
  }

  /** @throws SignerError `mint_evidence` where an event is missing or moves what is not there. */
  take(event: LedgerLine): void {
    this.#follow(event);
    this.#enter(event);
    const { kind, accountId, amount } = event;
    if (POSITIVE.has(kind) && amount <= 0n && !this.#isTakenBack(event))
      throw refused(
        `event ${event.sequence} (${kind}) of account ${accountId} moves ${amount} units: more than 0 are expected`,
      );
    const isNew = event.sequence > this.#approved.sequence;
    switch (kind) {
      case 'accrual':
      case 'fee':
        this.#earn(event, 'now');
        return;
      case 'pending':
      case 'pending-fee':
        this.#earn(event, 'later');
        return;
      case 'matured':
        this.#mature(event);
        return;
      case 'reserved':
        if (isNew && event.ref === String(this.#approved.mint?.epoch))
          this.reserved.set(accountId, (this.reserved.get(accountId) ?? 0n) + amount);
        this.#add(event, -amount);
        return;
      case 'released':
        if (isNew) this.released.set(accountId, event.ref);
        this.#add(event, amount);
        return;
      case 'donation':
      case 'mining':
      case 'adjustment':
        if (isNew) this.unproven.set(accountId, (this.unproven.get(accountId) ?? 0n) + amount);
        this.#add(event, amount);
        return;
      case 'settled':
        return;
      case 'reset':
        this.#reset(event.sequence);
        return;
      default:
        throw refused(`the ledger's event ${event.sequence} is of the kind '${kind}', which is unknown here`);
    }
  }

  /** After the last event. @throws SignerError `mint_evidence` */
  finish(): void {
    this.#requireWaiting();
  }

  /**
   * Hours that evidence has to bear out. What the approved cut ends with was borne out before it was approved, and is the same to the
   * event, as its hash says; a ledger that does not come so far may be another one.
   */
  unseenHours(): Map<string, HourAmounts> {
    if (this.sequence < this.#approved.sequence) return new Map(this.hours);
    return new Map([...this.hours].filter(([key]) => this.#changed.has(key)));
  }

  #follow(event: LedgerLine): void {
    const { sequence, hash } = event;
    if (sequence !== this.sequence + 1)
      throw refused(
        `the ledger's event ${sequence} follows event ${this.sequence}: what is between is missing`,
      );
    if (lineHash(this.hash, event) !== hash)
      throw refused(
        `the ledger's event ${sequence} is not as it was written: its hash is another one than ${hash.slice(0, 64)}`,
      );
    this.sequence = sequence;
    this.hash = hash;
    const approved = this.#approved;
    if (sequence === approved.sequence && hash !== approved.hash)
      throw refused(
        `the ledger's event ${sequence} has the hash ${hash}, and had ${approved.hash} when its cut was approved: it was written anew`,
      );
  }

  #earn(event: LedgerLine, when: keyof HourAmount): void {
    const { nodeId, hour, accountId, amount } = event;
    const key = hourKey(nodeId, hour);
    const amounts = this.hours.get(key) ?? new Map<string, HourAmount>();
    const earned = amounts.get(accountId) ?? { now: 0n, later: 0n };
    earned[when] += amount;
    amounts.set(accountId, earned);
    this.hours.set(key, amounts);
    if (event.sequence > this.#approved.sequence) this.#changed.add(key);
    if (when === 'now') this.#add(event, amount);
    else this.#wait(event);
  }

  #enter({ nodeId, hour, revision }: LedgerLine): void {
    const entered = `${hourKey(nodeId, hour)} ${revision}`;
    if (entered === this.#revision) return;
    this.#requireWaiting();
    this.#takenBack.clear();
    this.#revision = entered;
  }

  #isTakenBack(event: LedgerLine): boolean {
    const key = waitingKey(event);
    const units = this.#takenBack.get(key) ?? 0n;
    if (event.kind !== 'matured' || event.amount >= 0n || -event.amount > units) return false;
    this.#takenBack.set(key, units + event.amount);
    return true;
  }

  #reset(sequence: number): void {
    for (const kept of [this.current, this.hours, this.unproven, this.released, this.#pending]) kept.clear();
    this.#changed.clear();
    this.reset = sequence;
  }

  #add({ kind, accountId }: LedgerLine, amount: bigint): void {
    const balance = (this.current.get(accountId) ?? 0n) + amount;
    if (balance < 0n && amount < 0n && !REVISED.has(kind))
      throw refused(
        `event ${this.sequence} takes ${-balance} units more of account ${accountId} than it has`,
      );
    this.current.set(accountId, balance);
  }

  #wait(event: LedgerLine): void {
    const key = waitingKey(event);
    this.#pending.set(key, (this.#pending.get(key) ?? 0n) + event.amount);
    this.#takenBack.set(key, (this.#takenBack.get(key) ?? 0n) - event.amount);
  }

  #mature(event: LedgerLine): void {
    const { nodeId, accountId, amount } = event;
    const waiting = (this.#pending.get(waitingKey(event)) ?? 0n) - amount;
    if (amount > 0n && waiting < 0n)
      throw refused(
        `event ${this.sequence} matures ${-waiting} units more of account ${accountId} than wait for node ${nodeId}`,
      );
    this.#pending.set(waitingKey(event), waiting);
    this.#add(event, amount);
  }

  #requireWaiting(): void {
    for (const key of this.#takenBack.keys()) {
      const waiting = this.#pending.get(key) ?? 0n;
      const [node, account] = key.split(' ');
      if (waiting < 0n)
        throw refused(
          `by event ${this.sequence} ${-waiting} units were taken back of account ${account} that matured of node ${node}, and are still in Current`,
        );
    }
  }
}

function waitingKey({ nodeId, accountId }: LedgerLine): string {
  return `${nodeId} ${accountId}`;
}

export function hourKey(nodeId: string, hour: number): string {
  return `${nodeId} ${hour}`;
}

export function refused(finding: string, cause?: unknown): SignerError {
  return new SignerError(
    'mint_evidence',
    `nothing is approved: ${finding}`,
    cause === undefined ? {} : { cause },
  );
}
