import { Decimal, type Row } from './pact/value.ts';

/** A guard of keys as Pact tells it in JSON, or any other guard. */
export type Guard =
  | { readonly pred: string; readonly keys: readonly string[] }
  | Readonly<Record<string, unknown>>;

/** What every chain knows of accounts from its genesis on, and what else modules answer to a read. */
export class AccountBook {
  /** Of the coin contract. A chain takes them over with its first transaction: open accounts before. */
  readonly rows = new Map<string, Row>();
  readonly #lookups = new Map<string, Map<string, Guard>>();

  /** On every chain: a row of the coin contract. */
  open(account: string, guard: Guard, balance: number | string = 0): void {
    this.rows.set(account, { guard: { ...guard } as Row, balance: Decimal.of(balance) });
  }

  /** Makes `module.function` answer with a guard for the account. */
  answer(call: string, account: string, guard: Guard): void {
    const rows = this.#lookups.get(call) ?? new Map<string, Guard>();
    this.#lookups.set(call, rows.set(account, guard));
  }

  /** What was set for a call of one account. @returns undefined for a call that nothing was set for */
  read(call: string, account: string): { readonly data: Guard } | { readonly error: string } | undefined {
    const rows = this.#lookups.get(call);
    const guard = rows?.get(account);
    if (guard !== undefined) return { data: guard };
    return rows && { error: `No value found in table ${call} for key: ${account}` };
  }
}
