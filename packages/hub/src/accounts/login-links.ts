import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { createSecret, type Random, sameHash, secretHash } from './secret.ts';

const LINK_MS = 24 * 3_600_000;

/** Addresses that sign their holder in, once, within 24 hours: the first start, and the way back in for who has a shell. */
export class LoginLinks {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Random;
  readonly #publicUrl: string;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'>; random: Random; publicUrl: string }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#random = by.random;
    this.#publicUrl = by.publicUrl;
  }

  async anyUsed(): Promise<boolean> {
    const [row] = await this.#sql`select 1 from admin_links where used_at is not null limit 1`;
    return row !== undefined;
  }

  /** Older unused links of the e-mail end. */
  async create(email: string, publicUrl: string = this.#publicUrl): Promise<string> {
    const { text, hash } = createSecret(this.#random);
    const now = this.#clock.now();
    await this.#sql.begin(async (sql) => {
      await sql`delete from admin_links where email = ${email} and used_at is null`;
      await sql`insert into admin_links (link_hash, email, created_at, expires_at)
        values (${Buffer.from(hash)}, ${email}, ${new Date(now)}, ${new Date(now + LINK_MS)})`;
    });
    return new URL(`/sign-in/${text}`, publicUrl).href;
  }

  /** Uses a link up: of several who try at once, one gets the e-mail. Unknown, used or expired: which is not told. */
  async use(text: string): Promise<string | undefined> {
    const hash = secretHash(text);
    if (hash === undefined) return undefined;
    const at = new Date(this.#clock.now());
    const [row] = await this.#sql<
      { link_hash: Uint8Array; email: string }[]
    >`update admin_links set used_at = ${at}
      where link_hash = ${hash} and used_at is null and expires_at > ${at} returning link_hash, email`;
    return row !== undefined && sameHash(row.link_hash, hash) ? row.email : undefined;
  }
}
