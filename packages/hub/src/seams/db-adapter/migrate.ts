import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import type { DbLog } from './adapter.ts';
import { connectSql, type Endpoint } from './pools.ts';

/** Any constant: it names "the schema of this database" among advisory locks. */
const SCHEMA_LOCK = 0x57_0a;

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));

/** Applies what is missing, in one transaction. Of several hubs that start together, one works and the others wait. */
export async function applyMigrations(
  endpoint: Endpoint,
  log: DbLog,
  folder: string = MIGRATIONS,
): Promise<void> {
  const client = connectSql(endpoint, log, 1);
  try {
    await client`select pg_advisory_lock(${SCHEMA_LOCK})`;
    await migrate(drizzle(client), { migrationsFolder: folder });
  } finally {
    // The session's end frees the lock.
    await client.end({ timeout: 1 });
  }
}
