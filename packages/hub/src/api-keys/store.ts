import type { Sql } from '#seams/db-adapter/index.ts';
import { KEY_SCOPES, type KeyScope } from '../viewer.ts';

export interface ApiKey {
  readonly keyId: string;
  /** E-mail. */
  readonly owner: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Milliseconds since 1970, as all instants here. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastUsedAt: number | undefined;
  readonly revokedAt: number | undefined;
}

interface KeyRow {
  key_id: string;
  secret_hash: Uint8Array;
  owner: string;
  name: string;
  scopes: string[];
  created_at: Date;
  expires_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

/** The one place that knows the table. */
export class ApiKeyStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async add(key: Omit<ApiKey, 'lastUsedAt' | 'revokedAt'>, hash: Uint8Array): Promise<void> {
    await this.#sql`insert into api_keys (key_id, secret_hash, owner, name, scopes, created_at, expires_at)
      values (${key.keyId}, ${Buffer.from(hash)}, ${key.owner}, ${key.name}, ${[...key.scopes]},
        ${new Date(key.createdAt)}, ${new Date(key.expiresAt)})`;
  }

  async find(keyId: string): Promise<{ key: ApiKey; hash: Uint8Array } | undefined> {
    const [row] = await this.#sql<KeyRow[]>`select * from api_keys where key_id = ${keyId}`;
    return row && { key: keyOf(row), hash: row.secret_hash };
  }

  /** The newest first. */
  async ofOwner(owner: string): Promise<ApiKey[]> {
    const rows = await this.#sql<
      KeyRow[]
    >`select * from api_keys where owner = ${owner} order by created_at desc, key_id`;
    return rows.map(keyOf);
  }

  /** How many still work. */
  async working(owner: string, now: number): Promise<number> {
    const [row] = await this.#sql<{ count: number }[]>`select count(*)::int as count from api_keys
      where owner = ${owner} and revoked_at is null and expires_at > ${new Date(now)}`;
    return row?.count ?? 0;
  }

  /** Those that are not revoked and whose end lies within `noticeMs` of an instant, before or after it; by their end. */
  async ending({ now, noticeMs }: { now: number; noticeMs: number }): Promise<ApiKey[]> {
    const rows = await this.#sql<KeyRow[]>`select * from api_keys
      where expires_at between ${new Date(now - noticeMs)} and ${new Date(now + noticeMs)} and revoked_at is null
      order by expires_at, key_id`;
    return rows.map(keyOf);
  }

  /** Written at most once per step of `at`, however often the key is used. */
  async used(keyId: string, at: number): Promise<void> {
    await this.#sql`update api_keys set last_used_at = ${new Date(at)}
      where key_id = ${keyId} and (last_used_at is null or last_used_at < ${new Date(at)})`;
  }

  /** @returns false where it was revoked already or is somebody else's. */
  async revoke(keyId: string, owner: string, now: number): Promise<boolean> {
    const rows = await this.#sql`update api_keys set revoked_at = ${new Date(now)}
      where key_id = ${keyId} and owner = ${owner} and revoked_at is null returning 1`;
    return rows.length === 1;
  }
}

function keyOf(row: KeyRow): ApiKey {
  return {
    keyId: row.key_id,
    owner: row.owner,
    name: row.name,
    // A scope that a later version dropped is none any more.
    scopes: KEY_SCOPES.filter((scope) => row.scopes.includes(scope)),
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    lastUsedAt: row.last_used_at?.getTime(),
    revokedAt: row.revoked_at?.getTime(),
  };
}
