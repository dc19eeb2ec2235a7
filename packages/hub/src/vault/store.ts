import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

export interface SealedSecret {
  readonly name: string;
  readonly keyId: string;
  readonly nonce: Uint8Array;
  readonly box: Uint8Array;
}

/** Held shared while somebody seals, alone while a rotation forgets the old key: nothing is sealed under it thereafter. */
const KEY_LOCK = 7_403_312;

export class VaultStore {
  readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** @param seal reads the key in force. */
  async put(seal: () => Promise<SealedSecret>, at: number, within?: TransactionSql): Promise<void> {
    if (within === undefined) return await this.sql.begin((tx) => this.put(seal, at, tx));
    await within`select pg_advisory_xact_lock_shared(${KEY_LOCK})`;
    const secret = await seal();
    await within`insert into vault_secrets (name, key_id, nonce, box, created_at)
      values (${secret.name}, ${secret.keyId}, ${secret.nonce}, ${secret.box}, ${new Date(at)})
      on conflict (name) do update set key_id = excluded.key_id, nonce = excluded.nonce, box = excluded.box,
        created_at = excluded.created_at`;
  }

  async get(name: string): Promise<SealedSecret | undefined> {
    const [row] = await this.sql<SealedSecret[]>`
      select name, key_id as "keyId", nonce, box from vault_secrets where name = ${name}`;
    return row;
  }

  async remove(name: string, within: Sql | TransactionSql = this.sql): Promise<boolean> {
    return (await within`delete from vault_secrets where name = ${name}`).count > 0;
  }

  /** Runs while nobody seals. */
  async alone<T>(act: (tx: TransactionSql) => Promise<T>): Promise<T> {
    return (await this.sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${KEY_LOCK})`;
      return await act(tx);
    })) as T;
  }

  /** Those that another key seals, locked until the transaction ends. */
  async under(
    tx: TransactionSql,
    { not, limit }: { not: string; limit: number },
  ): Promise<readonly SealedSecret[]> {
    return await tx<SealedSecret[]>`select name, key_id as "keyId", nonce, box from vault_secrets
      where key_id <> ${not} order by name limit ${limit} for update`;
  }

  /** As it was sealed anew; when it was made stays. */
  async reseal(tx: TransactionSql, { name, keyId, nonce, box }: SealedSecret): Promise<void> {
    await tx`update vault_secrets set key_id = ${keyId}, nonce = ${nonce}, box = ${box} where name = ${name}`;
  }
}
