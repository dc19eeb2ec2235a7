import { randomUUID } from 'node:crypto';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Tier, Viewer } from '../viewer.ts';

/** Longer than any window in which tries are counted. */
const RATE_LIMITS_MS = 24 * 3_600_000;

export interface StoredSession {
  readonly id: string;
  readonly tokenHash: string;
  readonly userId: string;
  readonly email: string;
  readonly tier: Tier;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface StoredUser {
  readonly id: string;
  readonly email: string;
  readonly tier: Tier;
  readonly disabledAt: number | undefined;
}

interface UserRow {
  id: string;
  email: string;
  tier: Tier;
  disabled_at: Date | null;
}

/** Sessions and accounts as requests need them, beside better-auth, which makes them. */
export class AccountStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async session(tokenHash: string, now: number): Promise<StoredSession | undefined> {
    const [row] = await this.#sql<
      { id: string; user_id: string; email: string; tier: Tier; created_at: Date; expires_at: Date }[]
    >`
      select s.id, s.user_id, u.email, u.tier, s.created_at, s.expires_at
      from user_sessions s join users u on u.id = s.user_id
      where s.token = ${tokenHash} and s.expires_at > ${new Date(now)} and u.disabled_at is null`;
    if (row === undefined) return undefined;
    const { id, email, tier } = row;
    const createdAt = row.created_at.getTime();
    return {
      id,
      tokenHash,
      userId: row.user_id,
      email,
      tier,
      createdAt,
      expiresAt: row.expires_at.getTime(),
    };
  }

  async extendSession(id: string, now: number, expiresAt: number): Promise<void> {
    await this
      .#sql`update user_sessions set expires_at = ${new Date(expiresAt)}, updated_at = ${new Date(now)} where id = ${id}`;
  }

  async endSessions(tokenHashes: readonly string[]): Promise<void> {
    await this.#sql`delete from user_sessions where token = any(${[...tokenHashes]}::text[])`;
  }

  async admins(): Promise<readonly string[]> {
    const rows = await this.#sql<{ email: string }[]>`
      select email from users where tier = 'ancient' and disabled_at is null order by email`;
    return rows.map(({ email }) => email);
  }

  async user(email: string): Promise<StoredUser | undefined> {
    const [row] = await this.#sql<
      UserRow[]
    >`select id, email, tier, disabled_at from users where email = ${email}`;
    return row && userOf(row);
  }

  /** The account of this e-mail as it may act now; undefined for none, and for one that is disabled. */
  async holder(email: string): Promise<Pick<Viewer, 'accountId' | 'email' | 'tier'> | undefined> {
    const user = await this.user(email);
    if (user === undefined || user.disabledAt !== undefined) return undefined;
    return { accountId: user.id, email: user.email, tier: user.tier };
  }

  async mayHaveSession(userId: string): Promise<boolean> {
    const [row] = await this.#sql`select 1 from users where id = ${userId} and disabled_at is null`;
    return row !== undefined;
  }

  /** The account of this e-mail, made with the tier where there is none yet. */
  async ensureUser({ email, tier, now }: { email: string; tier: Tier; now: number }): Promise<StoredUser> {
    const at = new Date(now);
    await this.#sql`insert into users (id, name, email, email_verified, tier, created_at, updated_at)
      values (${randomUUID()}, ${email}, ${email}, true, ${tier}, ${at}, ${at}) on conflict (email) do nothing`;
    const user = await this.user(email);
    if (user === undefined) throw new Error(`the account of ${email} went as it was made`);
    return user;
  }

  /** The account of this e-mail, made unconfirmed and without a password where there is none yet. */
  async signUp(email: string, now: number): Promise<{ id: string; confirmed: boolean }> {
    const at = new Date(now);
    await this.#sql`insert into users (id, name, email, created_at, updated_at)
      values (${randomUUID()}, ${email}, ${email}, ${at}, ${at}) on conflict (email) do nothing`;
    const [user] = await this.#sql<{ id: string; confirmed: boolean }[]>`
      select id, email_verified as confirmed from users where email = ${email}`;
    if (user === undefined) throw new Error(`the account of ${email} went as it was made`);
    return user;
  }

  /**
   * Many accounts at once; those that are there stay as they are.
   * @returns the e-mails of those made.
   */
  async ensureUsers(
    users: readonly { readonly email: string; readonly tier: Tier }[],
    now: number,
  ): Promise<string[]> {
    const at = new Date(now);
    const emails = users.map(({ email }) => email);
    const tiers = users.map(({ tier }) => tier);
    const made = await this.#sql<{ email: string }[]>`
      insert into users (id, name, email, email_verified, tier, created_at, updated_at)
      select gen_random_uuid()::text, u.email, u.email, true, u.tier, ${at}, ${at}
      from unnest(${emails}::text[], ${tiers}::text[]) as u (email, tier)
      on conflict (email) do nothing returning email`;
    return made.map(({ email }) => email);
  }

  async anybodyIsAncient(): Promise<boolean> {
    const [row] = await this.#sql`select 1 from users where tier = 'ancient' and disabled_at is null limit 1`;
    return row !== undefined;
  }

  /** What can't be used any more. */
  async sweep(now: number): Promise<void> {
    const at = new Date(now);
    const sql = this.#sql;
    await sql`delete from user_sessions where expires_at <= ${at}`;
    await sql`delete from user_verifications where expires_at <= ${at}`;
    await sql`delete from auth_rate_limits where last_request <= ${now - RATE_LIMITS_MS}`;
    await sql`delete from admin_links where expires_at <= ${at} and used_at is null`;
  }

  async confirmEmail(tx: TransactionSql, userId: string): Promise<void> {
    await tx`update users set email_verified = true where id = ${userId}`;
  }

  /** Counts a try. @returns how many there were in the window that it falls into. */
  async countTry(key: string, { now, windowMs }: { now: number; windowMs: number }): Promise<number> {
    const began = now - windowMs;
    const [row] = await this.#sql<{ count: number }[]>`
      insert into auth_rate_limits as l (id, key, count, last_request) values (${randomUUID()}, ${key}, 1, ${now})
      on conflict (key) do update set
        count = case when l.last_request <= ${began} then 1 else l.count + 1 end,
        last_request = case when l.last_request <= ${began} then excluded.last_request else l.last_request end
      returning count`;
    return row?.count ?? 0;
  }

  async forgetTries(key: string): Promise<void> {
    await this.#sql`delete from auth_rate_limits where key = ${key}`;
  }
}

export function userOf(row: UserRow): StoredUser {
  return { id: row.id, email: row.email, tier: row.tier, disabledAt: row.disabled_at?.getTime() };
}
