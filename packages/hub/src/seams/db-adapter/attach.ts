import { realpath } from 'node:fs/promises';
import type { DbAdapter } from './adapter.ts';
import * as cluster from './cluster.ts';
import { embeddedEndpoint } from './embedded.ts';
import { DatabaseError } from './error.ts';
import { PoolAdapter, type PoolOptions } from './pool-adapter.ts';

/**
 * A second client of the embedded server that a running hub owns: for short commands. Starts and stops nothing.
 * @throws {DatabaseError} `database_unavailable` where no hub runs on the directory.
 */
export async function attachEmbedded(
  options: PoolOptions & { readonly dataDir: string },
): Promise<DbAdapter> {
  const { dataDir } = options;
  const notRunning = (cause: unknown) =>
    new DatabaseError('database_unavailable', `No hub runs on ${dataDir}: start it, or name its DATA_DIR.`, {
      cause,
    });
  try {
    const directory = await realpath(dataDir);
    const adapter = new PoolAdapter('embedded', embeddedEndpoint(cluster.socketDirectoryOf(directory)), {
      ...options,
      poolSize: 1,
    });
    try {
      await adapter.check();
      return adapter;
    } catch (error) {
      await adapter.close();
      throw error;
    }
  } catch (cause) {
    throw notRunning(cause);
  }
}
