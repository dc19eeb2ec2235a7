import type { AccountId, EventDraft } from './event.ts';

/**
 * What a later word takes back of what waits in a node's hour: a minute of a warm-up that has matured was found to be paid. Its
 * revision accrues it anew, so what it gave when it matured goes back: by so much, and there alone, `matured` is below 0.
 */
export class TakenBack {
  #revision = '';
  readonly #units = new Map<AccountId, bigint>();

  /** @returns whether it is a `matured` that goes back by no more than its revision took back right before. */
  take({
    kind,
    nodeId,
    hour,
    revision,
    accountId,
    amount,
  }: Pick<EventDraft, 'kind' | 'nodeId' | 'hour' | 'revision' | 'accountId' | 'amount'>): boolean {
    const at = `${nodeId} ${hour} ${revision}`;
    if (at !== this.#revision) this.#units.clear();
    this.#revision = at;
    const units = this.#units.get(accountId) ?? 0n;
    if (kind === 'pending' || kind === 'pending-fee') this.#units.set(accountId, units - amount);
    if (kind !== 'matured' || amount >= 0n || -amount > units) return false;
    this.#units.set(accountId, units + amount);
    return true;
  }
}
