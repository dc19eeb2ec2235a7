import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type postgres from 'postgres';
import type * as schema from '#schema.ts';

export type Database = PgDatabase<PgQueryResultHKT, typeof schema>;

/** int8 comes back as bigint, timestamptz as Date, bytea as Buffer. */
export type Sql = postgres.Sql<{ bigint: bigint }>;

/** The part of a logger that the seam uses; pino's fits. */
export interface DbLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * One PostgreSQL database. `db` and `sql` have a pool each, because drizzle replaces its client's parsers of dates and
 * JSON: a transaction lives in one of the two, never across.
 */
export interface DbAdapter extends AsyncDisposable {
  readonly kind: 'embedded' | 'url';
  /** Typed queries: everything that is not hot. */
  readonly db: Database;
  /** Tagged statements for hot paths: prepared, pipelined, seven times cheaper than the query builder. */
  readonly sql: Sql;
  /** Brings the schema to the head. Idempotent; several hubs may call it at once. */
  migrate(): Promise<void>;
  /** Resolves when the database answers. @throws {DatabaseError} `database_unavailable` after two seconds at most. */
  check(): Promise<void>;
  /** Lets running statements end (5 s), then closes; the embedded server is stopped. Idempotent. */
  close(): Promise<void>;
}
