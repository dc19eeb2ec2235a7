import type { Sql } from '#seams/db-adapter/index.ts';

export interface StoredSession {
  readonly hash: Uint8Array;
  readonly email: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Links and sessions, by hash. */
export class AccountStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async anyoneSignedIn(): Promise<boolean> {
    const [row] = await this.#sql`select 1 from admin_links where used_at is not null limit 1`;
    return row !== undefined;
  }

  /** The new link is the only one of its e-mail that still works. */
  async replaceLink(link: {
    hash: Uint8Array;
    email: string;
    now: number;
    expiresAt: number;
  }): Promise<void> {
    await this.#sql.begin(async (sql) => {
      await sql`delete from admin_links where email = ${link.email} and used_at is null`;
      await sql`insert into admin_links (link_hash, email, created_at, expires_at)
        values (${Buffer.from(link.hash)}, ${link.email}, ${new Date(link.now)}, ${new Date(link.expiresAt)})`;
    });
  }

  /** Uses a link up: of several who try at once, one gets the e-mail. */
  async useLink(hash: Uint8Array, now: number): Promise<{ hash: Uint8Array; email: string } | undefined> {
    const at = new Date(now);
    const [row] = await this.#sql<
      { link_hash: Uint8Array; email: string }[]
    >`update admin_links set used_at = ${at}
      where link_hash = ${Buffer.from(hash)} and used_at is null and expires_at > ${at} returning link_hash, email`;
    return row && { hash: row.link_hash, email: row.email };
  }

  async addSession({
    hash,
    email,
    now,
    expiresAt,
  }: {
    hash: Uint8Array;
    email: string;
    now: number;
    expiresAt: number;
  }) {
    await this.#sql`insert into console_sessions (session_hash, email, created_at, expires_at)
      values (${Buffer.from(hash)}, ${email}, ${new Date(now)}, ${new Date(expiresAt)})`;
    await this.#sql`delete from console_sessions where expires_at <= ${new Date(now)}`;
  }

  async session(hash: Uint8Array, now: number): Promise<StoredSession | undefined> {
    const [row] = await this.#sql<
      { session_hash: Uint8Array; email: string; created_at: Date; expires_at: Date }[]
    >`
      select session_hash, email, created_at, expires_at from console_sessions
      where session_hash = ${Buffer.from(hash)} and expires_at > ${new Date(now)}`;
    return (
      row && {
        hash: row.session_hash,
        email: row.email,
        createdAt: row.created_at.getTime(),
        expiresAt: row.expires_at.getTime(),
      }
    );
  }

  async extendSession(hash: Uint8Array, expiresAt: number): Promise<void> {
    await this
      .#sql`update console_sessions set expires_at = ${new Date(expiresAt)} where session_hash = ${Buffer.from(hash)}`;
  }

  async endSession(hash: Uint8Array): Promise<void> {
    await this.#sql`delete from console_sessions where session_hash = ${Buffer.from(hash)}`;
  }
}
