import type { Sql } from '#seams/db-adapter/index.ts';
import type { MadeIn } from './schema.ts';

export interface OwnerKey {
  /** E-mail. */
  readonly owner: string;
  /** 1 is the first. */
  readonly serial: number;
  readonly publicKey: Uint8Array;
  readonly madeIn: MadeIn;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Undefined for the key in force. */
  readonly replacedAt: number | undefined;
  /** Sealed; undefined for the first key. */
  readonly change: Uint8Array | undefined;
}

interface KeyRow {
  owner: string;
  serial: number;
  public_key: Uint8Array;
  made_in: MadeIn;
  since: Date;
  replaced_at: Date | null;
  change: Uint8Array | null;
}

/** One key of an owner is in force; the serial keeps two changes from both following one key. */
export class OwnerKeyStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async inForce(owner: string): Promise<OwnerKey | undefined> {
    const [row] = await this.#sql<
      KeyRow[]
    >`select * from owner_keys where owner = ${owner} and replaced_at is null`;
    return row && keyOf(row);
  }

  /** The newest first. */
  async history(owner: string): Promise<OwnerKey[]> {
    const rows = await this.#sql<
      KeyRow[]
    >`select * from owner_keys where owner = ${owner} order by serial desc`;
    return rows.map(keyOf);
  }

  /** @returns false where the owner has a key already. */
  async first(key: Omit<OwnerKey, 'serial' | 'replacedAt' | 'change'>): Promise<boolean> {
    const rows = await this.#sql`insert into owner_keys (owner, serial, public_key, made_in, since)
      values (${key.owner}, 1, ${Buffer.from(key.publicKey)}, ${key.madeIn}, ${new Date(key.since)})
      on conflict do nothing returning 1`;
    return rows.length === 1;
  }

  /** @returns false where the key before `key` is not in force any more. */
  async replace(key: Omit<OwnerKey, 'replacedAt' | 'change'>, change: Uint8Array): Promise<boolean> {
    const at = new Date(key.since);
    return this.#sql.begin(async (tx) => {
      const held = await tx`update owner_keys set replaced_at = ${at}
        where owner = ${key.owner} and serial = ${key.serial - 1} and replaced_at is null returning 1`;
      if (held.length === 0) return false;
      await tx`insert into owner_keys (owner, serial, public_key, made_in, since, change)
        values (${key.owner}, ${key.serial}, ${Buffer.from(key.publicKey)}, ${key.madeIn}, ${at}, ${Buffer.from(change)})`;
      return true;
    });
  }
}

function keyOf(row: KeyRow): OwnerKey {
  return {
    owner: row.owner,
    serial: row.serial,
    publicKey: row.public_key,
    madeIn: row.made_in,
    since: row.since.getTime(),
    replacedAt: row.replaced_at?.getTime(),
    change: row.change ?? undefined,
  };
}
