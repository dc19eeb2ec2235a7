import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

/** What the audit log is told, in the transaction of the change; last in it, since nobody else can append until it ends. */
export type Recording = (tx: TransactionSql) => Promise<unknown>;

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly backedUp: boolean;
  readonly createdAt: number | undefined;
}

export interface OpenSession {
  readonly id: string;
  readonly userAgent: string;
  readonly address: string;
  readonly usedAt: number;
}

/** How an account can be signed in to, and where it is. */
export interface Security {
  readonly hasPassword: boolean;
  readonly twoFactor: boolean;
  readonly passkeys: readonly Passkey[];
  readonly sessions: readonly OpenSession[];
}

/** What the security page shows and ends. */
export class SecurityStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async read(userId: string, now: number): Promise<Security> {
    const sql = this.#sql;
    const [[user], passkeys, sessions] = await Promise.all([
      sql<{ two_factor: boolean; has_password: boolean }[]>`
        select coalesce(u.two_factor_enabled, false) as two_factor,
          exists (select 1 from user_credentials c where c.user_id = u.id and c.password is not null) as has_password
        from users u where u.id = ${userId}`,
      sql<{ id: string; name: string | null; backed_up: boolean; created_at: Date | null }[]>`
        select id, name, backed_up, created_at from user_passkeys where user_id = ${userId} order by created_at`,
      sql<{ id: string; user_agent: string | null; ip_address: string | null; updated_at: Date }[]>`
        select id, user_agent, ip_address, updated_at from user_sessions
        where user_id = ${userId} and expires_at > ${new Date(now)} order by updated_at desc limit 100`,
    ]);
    return {
      hasPassword: user?.has_password ?? false,
      twoFactor: user?.two_factor ?? false,
      passkeys: passkeys.map((row) => ({
        id: row.id,
        name: row.name ?? 'Passkey',
        backedUp: row.backed_up,
        createdAt: row.created_at?.getTime(),
      })),
      sessions: sessions.map((row) => ({
        id: row.id,
        userAgent: row.user_agent ?? '',
        address: row.ip_address ?? '',
        usedAt: row.updated_at.getTime(),
      })),
    };
  }

  /** @returns whether the account had it. */
  async removePasskey(userId: string, id: string, record: Recording): Promise<boolean> {
    return this.#sql.begin(async (tx) => {
      const rows = await tx`delete from user_passkeys where id = ${id} and user_id = ${userId} returning id`;
      if (rows.length > 0) await record(tx);
      return rows.length > 0;
    });
  }

  async endSession(userId: string, id: string, record: Recording): Promise<boolean> {
    return this.#sql.begin(async (tx) => {
      const rows = await tx`delete from user_sessions where id = ${id} and user_id = ${userId} returning id`;
      if (rows.length > 0) await record(tx);
      return rows.length > 0;
    });
  }

  /** @param but a session that goes on */
  async endAllSessions(userId: string, record: Recording, but?: string): Promise<void> {
    await this.#sql.begin(async (tx) => {
      await tx`delete from user_sessions where user_id = ${userId} and id is distinct from ${but ?? null}`;
      await record(tx);
    });
  }
}
