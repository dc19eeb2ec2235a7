import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { AgentError } from '#error.ts';

/** Code `data_dir_busy`: two processes on one identity would look like a clone to the hub. */
export class DataDirBusyError extends AgentError<'data_dir_busy'> {
  override readonly name = 'DataDirBusyError';

  constructor(dataDir: string, instance: string, cause: unknown) {
    super(
      'data_dir_busy',
      `an agent runs already on ${dataDir} as '${instance}': stop that one, or give this one another --data or --instance`,
      { retry: false, cause },
    );
  }
}

export interface DataLock {
  release(): Promise<void>;
}

/**
 * Holds an identity for this process alone. The lock is an abstract Unix socket named after the real path: the kernel
 * frees it with the process, also after `kill -9`, and no file is left to be judged stale. The directory must exist.
 *
 * @throws DataDirBusyError
 */
export async function holdDataDir(dataDir: string, instance: string): Promise<DataLock> {
  const name = createHash('sha256')
    .update(`${realpathSync(dataDir)}\0${instance}`)
    .digest('hex');
  const server = createServer((client) => client.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new DataDirBusyError(dataDir, instance, cause)));
    server.listen(`\0stoa-agent-${name}`, resolve);
  });
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}
