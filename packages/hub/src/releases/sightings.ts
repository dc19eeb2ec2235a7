import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { loadText, saveText } from '../region-settings.ts';

/**
 * When each release was first served here. Its hash is public from then on, and whoever joins later may have made a key that
 * the hash draws where they want to be.
 */
export class ReleaseSightings {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** By the SHA-256 of its targets metadata; undefined for one from before this was written down. Milliseconds since 1970. */
  async of(sha256: string): Promise<number | undefined> {
    const text = await loadText(this.#sql, nameOf(sha256));
    return text ? Number(text) : undefined;
  }

  /** Within the lock of who writes the tree. The first time stays. */
  async note(tx: TransactionSql, sha256: string, at: number): Promise<void> {
    if ((await loadText(tx, nameOf(sha256))) === undefined) await saveText(tx, nameOf(sha256), String(at));
  }
}

function nameOf(sha256: string): string {
  return `release-seen-${sha256}`;
}
