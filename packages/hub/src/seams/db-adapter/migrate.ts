import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { DbLog } from './adapter.ts';
import { connectSql, type Endpoint } from './pools.ts';

/** Any constant: it names "the schema of this database" among advisory locks. */
const SCHEMA_LOCK = 0x57_0a;

/** Set by the production bundle, which carries the folder beside it. */
declare const STOA_BUNDLE: true | undefined;

const FOLDER = typeof STOA_BUNDLE === 'undefined' ? '../../../migrations' : './migrations';
export const MIGRATIONS = fileURLToPath(new URL(FOLDER, import.meta.url));

interface Selection {
  readonly folder?: string | undefined;
  readonly until?: number | undefined;
}

/**
 * Applies what is missing, all or none. Of several hubs that start together, one works and the others wait. The record
 * of what was applied is that of drizzle's own migrator, which would cost 200 MB of memory to load.
 */
export async function applyMigrations(
  endpoint: Endpoint,
  log: DbLog,
  { folder = MIGRATIONS, until = Number.POSITIVE_INFINITY }: Selection = {},
): Promise<void> {
  const client = connectSql(endpoint, log, 1);
  const migrations = readMigrationFiles({ migrationsFolder: folder });
  try {
    await client.begin(async (sql) => {
      await sql`select pg_advisory_xact_lock(${SCHEMA_LOCK})`;
      await sql`create schema if not exists drizzle`;
      await sql`create table if not exists drizzle.__drizzle_migrations
        (id serial primary key, hash text not null, created_at bigint)`;
      const [last] = await sql<
        { at: bigint | null }[]
      >`select max(created_at) as at from drizzle.__drizzle_migrations`;
      for (const { hash, folderMillis, sql: statements } of migrations) {
        if (folderMillis <= (last?.at ?? 0n) || folderMillis > until) continue;
        for (const statement of statements) await sql.unsafe(statement);
        await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`;
        log.info({ hash, at: new Date(folderMillis).toISOString() }, 'database migration applied');
      }
    });
  } finally {
    await client.end({ timeout: 1 });
  }
}
