import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { type SealedColumn, type Vault, VaultError } from './vault.ts';

export const SECRETS: SealedColumn = { table: 'vault_secrets', id: 'name', column: 'sealed' };

/** Secrets by name: what a dump of the database shows of them is their names. */
export class SecretStore {
  readonly #sql: Sql;
  readonly #vault: Vault;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; vault: Vault; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#vault = by.vault;
    this.#clock = by.clock;
  }

  /** Replaces what was under this name. */
  async seal(name: string, secret: string, within: Sql | TransactionSql = this.#sql): Promise<void> {
    const sealed = this.#vault.seal(secret, SECRETS, name);
    const at = new Date(this.#clock.now());
    await within`insert into vault_secrets (name, sealed, created_at) values (${name}, ${sealed}, ${at})
      on conflict (name) do update set sealed = excluded.sealed, created_at = excluded.created_at`;
  }

  /** Undefined where there is none. @throws VaultError where no key of this hub opens it. */
  async open(name: string, within: Sql | TransactionSql = this.#sql): Promise<string | undefined> {
    const [row] = await within<{ sealed: string }[]>`select sealed from vault_secrets where name = ${name}`;
    return row && this.#vault.open(row.sealed, SECRETS, name);
  }

  /** Whether there is one that a key of this hub opens. */
  async opens(name: string): Promise<boolean> {
    try {
      return (await this.open(name)) !== undefined;
    } catch (error) {
      if (error instanceof VaultError) return false;
      throw error;
    }
  }

  /** When it was put there, in milliseconds since 1970; undefined where there is none. */
  async sealedAt(name: string): Promise<number | undefined> {
    const [row] = await this.#sql<
      { created_at: Date }[]
    >`select created_at from vault_secrets where name = ${name}`;
    return row?.created_at.getTime();
  }

  /** @returns whether there was one. */
  async forget(name: string, within: Sql | TransactionSql = this.#sql): Promise<boolean> {
    return (await within`delete from vault_secrets where name = ${name}`).count > 0;
  }
}
