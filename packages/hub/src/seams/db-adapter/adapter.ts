import type postgres from 'postgres';

/** int8 comes back as bigint, timestamptz as Date, bytea as Buffer. */
export type Sql = postgres.Sql<{ bigint: bigint }>;
export type TransactionSql = postgres.TransactionSql<{ bigint: bigint }>;

/** The part of a logger that the seam uses; pino's fits. */
export interface DbLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** One PostgreSQL database. */
export interface DbAdapter extends AsyncDisposable {
  readonly kind: 'embedded' | 'url';
  /** Tagged statements: prepared, pipelined, seven times cheaper than a query builder. */
  readonly sql: Sql;
  /**
   * For pages of what was summed before, which may be seconds behind: read replicas where some are named (§16.6), and the
   * database itself while none answers; else `sql`. Writing is refused.
   */
  readonly replica: Sql;
  /**
   * Brings the schema to the head, or to a migration before it (`created_at` of its record). Idempotent; several hubs may
   * call it at once.
   */
  migrate(options?: { until?: number }): Promise<void>;
  /** Resolves when the database answers. @throws {DatabaseError} `database_unavailable` after two seconds at most. */
  check(): Promise<void>;
  /** Lets running statements end (5 s), then closes; the embedded server is stopped. Idempotent. */
  close(): Promise<void>;
}
