import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DbAdapter, DbLog } from './adapter.ts';
import { openEmbedded } from './embedded.ts';

const errorsOnly: DbLog = { debug: () => {}, info: () => {}, warn: () => {}, error: console.error };

/** An embedded database with the schema at its head, for tests; closing it removes it. */
export async function openTemporary(log: DbLog = errorsOnly): Promise<DbAdapter> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-database-'));
  await chmod(directory, 0o711);
  const adapter = await openEmbedded({ dataDir: join(directory, 'db'), log });
  await adapter.migrate();
  const close = async () => {
    await adapter.close();
    await rm(directory, { recursive: true, force: true });
  };
  const { kind, sql } = adapter;
  return {
    ...{ kind, sql, close },
    db: () => adapter.db(),
    migrate: (options) => adapter.migrate(options),
    check: () => adapter.check(),
    [Symbol.asyncDispose]: close,
  };
}
