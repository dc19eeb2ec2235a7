import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { SignerError } from '#error.ts';

export interface DirectoryLock {
  /** Idempotent. */
  release(): Promise<void>;
}

/**
 * A lock that the kernel frees when its holder dies, however it dies: an abstract socket named after the directory's
 * inode. It reaches as far as one network namespace; the journal itself notices a second writer elsewhere.
 * @throws SignerError `directory_in_use`.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const { dev, ino } = await stat(directory);
  const server = createServer((socket) => socket.destroy());
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause);
      const message = `another signer holds ${directory}: stop it first, or speak to it over its socket`;
      reject(new SignerError('directory_in_use', message, { cause }));
    });
    server.listen({ path: `\0stoa-signer-${dev}-${ino}` }, resolve);
  });
  return {
    // A second call gets "not running" and resolves as well.
    release: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
