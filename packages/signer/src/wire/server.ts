import { chmod, lstat, mkdir, rm, stat } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { SignerError } from '#error.ts';
import type { SignerService } from '#service.ts';
import { dispatch, type FaultListener } from '#wire/dispatch.ts';
import { frame, readFrames } from '#wire/message.ts';

const MAX_CONNECTIONS = 64;
/** Of `sun_path`, its final NUL not counted. */
const MAX_PATH_BYTES = 107;

export interface SignerServer {
  /** No new connection, the acts in hand end, the socket is gone. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves on a Unix socket (0600) in a directory that only its owner may enter (0700; made if missing). A socket that a
 * dead process left is replaced, a living one never.
 * @throws SignerError `socket_unusable`.
 */
export async function serveSigner(
  service: SignerService,
  at: { socketPath: string; onFault: FaultListener },
): Promise<SignerServer> {
  const { socketPath, onFault } = at;
  await prepareSocket(socketPath);
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = new Connection(socket);
    connections.add(connection);
    connection.done = connection.serve(service, onFault).finally(() => connections.delete(connection));
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, socketPath);
  await chmod(socketPath, 0o600);
  return {
    async close() {
      const stopped = new Promise<void>((resolve) => void server.close(() => resolve()));
      await Promise.all([...connections].map((connection) => connection.finish()));
      await stopped;
    },
  };
}

/** One request after the other, so a caller that asks faster than it is answered waits in its own socket. */
class Connection {
  readonly #socket: Socket;
  #busy = false;
  #finishing = false;
  done: Promise<void> = Promise.resolve();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async serve(service: SignerService, onFault: FaultListener): Promise<void> {
    try {
      for await (const message of readFrames(this.#socket)) {
        this.#busy = true;
        const answer = await dispatch(service, message, onFault);
        if (this.#socket.writable) this.#socket.write(frame(answer));
        this.#busy = false;
        if (this.#finishing) return;
      }
    } catch (error) {
      // The caller's doing, be it noise or going away: its connection is all that ends.
      if (!this.#finishing) onFault('connection', error);
    } finally {
      this.#socket.destroySoon();
    }
  }

  /** Answers the request in hand, if there is one, and hangs up. */
  finish(): Promise<void> {
    this.#finishing = true;
    if (!this.#busy) this.#socket.destroy();
    return this.done;
  }
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void =>
      reject(new SignerError('socket_unusable', `could not listen on ${path} (${cause.code})`, { cause }));
    server.once('error', refuse);
    server.listen(path, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

async function prepareSocket(path: string): Promise<void> {
  const length = Buffer.byteLength(path);
  if (length > MAX_PATH_BYTES)
    throw new SignerError(
      'socket_unusable',
      `the socket path ${path} has ${length} bytes (at most ${MAX_PATH_BYTES}): take a shorter --socket`,
    );
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { mode } = await stat(directory);
  if ((mode & 0o077) !== 0)
    throw new SignerError(
      'socket_unusable',
      `the socket's directory ${directory} has mode 0${(mode & 0o777).toString(8)}: run 'chmod 700 ${directory}', or take another --socket`,
    );
  await removeStale(path);
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new SignerError(
      'socket_unusable',
      `${path} exists and is no socket: it was left alone; take another --socket`,
    );
  if (await answers(path))
    throw new SignerError(
      'socket_unusable',
      `another process serves ${path}: stop it, or take another --socket`,
    );
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path);
    const settle = (alive: boolean): void => {
      probe.destroy();
      resolve(alive);
    };
    probe.once('connect', () => settle(true));
    probe.once('error', () => settle(false));
  });
}
