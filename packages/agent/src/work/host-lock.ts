import { createServer, type Server } from 'node:net';
import { type Clock, sleep } from '#clock.ts';

export type Release = () => Promise<void>;

/** Something that one process of a host may do at a time. */
export interface HostLock {
  /** Waits for its turn. @param waiting Told once, where it has to wait. @throws the signal's reason. */
  acquire(signal: AbortSignal, waiting: () => void): Promise<Release>;
}

const AGAIN_MS = 5_000;

/**
 * An abstract Unix socket, as the lock of a data directory is: it belongs to no user's directory, so agents of several
 * users share it; and the kernel frees it with the process, so nothing is ever left to be judged stale.
 */
export function createHostLock(clock: Clock, name: string): HostLock {
  return {
    async acquire(signal, waiting) {
      for (let tries = 0; ; tries += 1) {
        signal.throwIfAborted();
        const server = await listen(`\0stoa-agent-${name}`);
        if (server !== undefined) return () => new Promise((resolve) => server.close(() => resolve()));
        if (tries === 0) waiting();
        await sleep(clock, AGAIN_MS, signal);
      }
    },
  };
}

/** For a host that holds one node: nobody else measures there. */
export const OWN_HOST: HostLock = { acquire: async () => async () => undefined };

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((client) => client.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}
