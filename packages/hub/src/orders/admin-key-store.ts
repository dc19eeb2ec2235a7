import type { Sql } from '#seams/db-adapter/index.ts';
import type { AdminPapers } from './store.ts';

export interface CertifiedKey {
  /** E-mail. */
  readonly admin: string;
  readonly publicKey: Uint8Array;
  readonly papers: AdminPapers;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

interface KeyRow {
  admin: string;
  public_key: Uint8Array;
  sealed: Uint8Array;
  authority: Uint8Array;
  not_after: Date;
}

/** One certified key for each admin: the newest certificate of it. */
export class AdminKeyStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async of(admin: string): Promise<CertifiedKey | undefined> {
    const [row] = await this.#sql<KeyRow[]>`select * from admin_keys where admin = ${admin}`;
    return row && keyOf(row);
  }

  async all(): Promise<CertifiedKey[]> {
    const rows = await this.#sql<KeyRow[]>`select * from admin_keys order by admin`;
    return rows.map(keyOf);
  }

  /** A certificate of another instance that lives longer stays. */
  async keep({ admin, publicKey, papers, notAfter }: CertifiedKey): Promise<void> {
    await this.#sql`insert into admin_keys (admin, public_key, sealed, authority, not_after)
      values (${admin}, ${Buffer.from(publicKey)}, ${Buffer.from(papers.key)}, ${Buffer.from(papers.authority)},
        ${new Date(notAfter)})
      on conflict (admin) do update set public_key = excluded.public_key, sealed = excluded.sealed,
        authority = excluded.authority, not_after = excluded.not_after
      where admin_keys.public_key <> excluded.public_key or admin_keys.not_after < excluded.not_after`;
  }

  async remove(admin: string): Promise<void> {
    await this.#sql`delete from admin_keys where admin = ${admin}`;
  }
}

function keyOf(row: KeyRow): CertifiedKey {
  return {
    admin: row.admin,
    publicKey: new Uint8Array(row.public_key),
    papers: { key: new Uint8Array(row.sealed), authority: new Uint8Array(row.authority) },
    notAfter: row.not_after.getTime(),
  };
}
