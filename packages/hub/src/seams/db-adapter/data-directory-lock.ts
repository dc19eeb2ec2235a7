import { createHash } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import { DataDirectoryInUseError } from './error.ts';

const ASK_HOLDER_MS = 1_000;

/**
 * The hub's own hold on a data directory: an abstract Unix socket named by the directory's real path. The kernel frees
 * it with the process, so kill -9 leaves nothing stale. Abstract names end at the network namespace: a hub in another
 * container is noticed by its server's socket file instead (`stopOrphan`).
 */
export class DataDirectoryLock implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param realPath of the data directory, symbolic links resolved. @throws {DataDirectoryInUseError} */
  static async take(realPath: string): Promise<DataDirectoryLock> {
    const name = `\0stoa-hub/${createHash('sha256').update(realPath).digest('hex')}`;
    const server = createServer((asking) => {
      asking.on('error', () => asking.destroy()).end(`${process.pid}`, () => asking.destroy());
    });
    // The holder's work keeps its process alive, not this.
    server.unref();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen({ path: name }, resolve);
      });
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause;
      throw new DataDirectoryInUseError(realPath, await holderOf(name), { cause });
    }
    return new DataDirectoryLock(server);
  }

  async release(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

function holderOf(name: string): Promise<string> {
  return new Promise((resolve) => {
    let pid = '';
    const socket = connect({ path: name });
    socket.setEncoding('utf8').setTimeout(ASK_HOLDER_MS, () => socket.destroy());
    socket.on('data', (text) => {
      pid += text;
    });
    // Why it could not be asked is of no use to the reader: that the name is taken is what counts.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(/^\d+$/.test(pid) ? `another hub (process ${pid})` : 'another hub'));
  });
}
