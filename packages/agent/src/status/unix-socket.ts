import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { AgentError } from '#error.ts';

export type UnixSocketErrorCode = 'socket_busy' | 'socket_failed';

export class UnixSocketError extends AgentError<UnixSocketErrorCode> {
  override readonly name = 'UnixSocketError';

  constructor(code: UnixSocketErrorCode, path: string, cause?: unknown) {
    const why =
      code === 'socket_busy'
        ? 'another program answers there: stop it, or choose another path'
        : 'the socket could not be made (see the cause): check the directory, its owner and mode';
    super(code, `cannot listen on ${path}: ${why}`, { retry: false, cause });
  }
}

/**
 * Listens on a Unix socket whose file has the mode given from its first moment. A socket that nobody answers any more
 * is replaced; anything else that lies there is left alone.
 *
 * @throws UnixSocketError
 */
export async function listenOnPath(server: Server, path: string, mode: number): Promise<void> {
  try {
    await bind(server, path, mode);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'))
      throw new UnixSocketError('socket_failed', path, cause);
    if (await answersAt(path)) throw new UnixSocketError('socket_busy', path, cause);
    await replaceStale(server, path, mode);
  }
}

async function replaceStale(server: Server, path: string, mode: number): Promise<void> {
  try {
    if (!(await lstat(path)).isSocket()) throw new Error(`${path} is not a socket`);
    await unlink(path);
    await bind(server, path, mode);
  } catch (cause) {
    throw new UnixSocketError('socket_failed', path, cause);
  }
}

function bind(server: Server, path: string, mode: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The file is made within `listen`, with the mode that the mask leaves: a later chmod would come too late.
    const mask = process.umask(0o777 & ~mode);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

function answersAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
