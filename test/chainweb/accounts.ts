/** A guard of keys as Pact tells it in JSON, or any other guard. */
export type Guard =
  | { readonly pred: string; readonly keys: readonly string[] }
  | Readonly<Record<string, unknown>>;

interface Row {
  readonly guard: Guard;
  readonly balance: number;
}

/** What modules of a chain know of accounts, as far as reads without a transaction go. */
export class AccountBook {
  readonly #coin = new Map<string, Row>();
  readonly #lookups = new Map<string, Map<string, Guard>>();

  /** On every chain: a row of the coin contract. */
  open(account: string, guard: Guard, balance = 0): void {
    this.#coin.set(account, { guard, balance });
  }

  /** Makes `module.function` answer with a guard for the account. */
  answer(call: string, account: string, guard: Guard): void {
    const rows = this.#lookups.get(call) ?? new Map<string, Guard>();
    this.#lookups.set(call, rows.set(account, guard));
  }

  /** @returns what the call of one account gives, or the error of the chain. */
  read(call: string, account: string): { readonly data: unknown } | { readonly error: string } {
    if (call === 'coin.details') {
      const row = this.#coin.get(account);
      return row === undefined
        ? { error: `No value found in table coin_coin-table for key: ${account}` }
        : { data: { account, ...row } };
    }
    const rows = this.#lookups.get(call);
    if (rows === undefined) return { error: `Module ${call.slice(0, call.lastIndexOf('.'))} not found` };
    const guard = rows.get(account);
    return guard === undefined
      ? { error: `No value found in table ${call} for key: ${account}` }
      : { data: guard };
  }
}
