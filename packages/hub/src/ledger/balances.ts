import { type AccountId, type EventDraft, MOVES } from './event.ts';

/** Of an account; units of 1e-12 points. What is pending is kept by node beside it. */
export interface Balance {
  current: bigint;
  minting: bigint;
  redeemed: bigint;
}

/**
 * What events add up to: all that there is to replaying the ledger, and how a batch of it becomes one change of each balance.
 */
export class Balances {
  readonly accounts = new Map<AccountId, Balance>();
  /** Node -> account -> what waits for the end of its warm-up; may hold zeros. */
  readonly pending = new Map<string, Map<AccountId, bigint>>();

  apply({
    kind,
    accountId,
    nodeId,
    amount,
  }: Pick<EventDraft, 'kind' | 'accountId' | 'nodeId' | 'amount'>): void {
    if (kind === 'reset') {
      this.accounts.clear();
      this.pending.clear();
      return;
    }
    const { from, to } = MOVES[kind];
    if (from === 'pending') this.#wait(nodeId, accountId, -amount);
    if (to === 'pending') {
      this.#wait(nodeId, accountId, amount);
      return;
    }
    const balance = this.#of(accountId);
    if (from === 'current' || from === 'minting') balance[from] -= amount;
    if (to === 'current' || to === 'minting' || to === 'redeemed') balance[to] += amount;
  }

  pendingOf(nodeId: string): ReadonlyMap<AccountId, bigint> {
    return this.pending.get(nodeId) ?? NONE;
  }

  /** Of everything: what all sources have given since the last reset. */
  sum(): bigint {
    let sum = 0n;
    for (const { current, minting, redeemed } of this.accounts.values()) sum += current + minting + redeemed;
    for (const accounts of this.pending.values()) for (const amount of accounts.values()) sum += amount;
    return sum;
  }

  #of(accountId: AccountId): Balance {
    let balance = this.accounts.get(accountId);
    if (balance === undefined) {
      balance = { current: 0n, minting: 0n, redeemed: 0n };
      this.accounts.set(accountId, balance);
    }
    return balance;
  }

  #wait(nodeId: string, accountId: AccountId, amount: bigint): void {
    let accounts = this.pending.get(nodeId);
    if (accounts === undefined) {
      accounts = new Map();
      this.pending.set(nodeId, accounts);
    }
    accounts.set(accountId, (accounts.get(accountId) ?? 0n) + amount);
  }
}

const NONE: ReadonlyMap<AccountId, bigint> = new Map();
