import { chmod, lstat, mkdir, rm, stat } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { SignerError } from '#error.ts';
import type { Callee, CallTable } from '#wire/dialect.ts';
import { dispatch, type ErrorListener } from '#wire/dispatch.ts';
import { frame, readFrames } from '#wire/message.ts';

const MAX_CONNECTIONS = 64;
/** Of `sun_path`, its final NUL not counted. */
const MAX_PATH_BYTES = 107;

export interface SignerServer {
  /** No new connection, the acts in hand end, the socket is gone. Idempotent. */
  close(): Promise<void>;
}

/** Where to listen: a path that this process makes, or a listening socket that it was started with. */
export type Listening = { readonly socketPath: string } | { readonly fd: number };

/**
 * Serves on a Unix socket (0600) in a directory that only its owner may enter (0700; made if missing). A socket that a
 * dead process left is replaced, a living one never.
 * @throws SignerError `socket_unusable`.
 */
export async function serveSigner<C extends CallTable<C>>(
  service: Callee<C>,
  at: { listening: Listening; onError: ErrorListener },
): Promise<SignerServer> {
  const { listening, onError } = at;
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = new Connection(socket);
    connections.add(connection);
    connection.done = connection.serve(service, onError).finally(() => connections.delete(connection));
  });
  server.maxConnections = MAX_CONNECTIONS;
  if ('fd' in listening) await listen(server, listening);
  else await listenPrivately(server, listening.socketPath);
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

  async serve<C extends CallTable<C>>(service: Callee<C>, onError: ErrorListener): Promise<void> {
    try {
      for await (const message of readFrames(this.#socket, service.dialect.maxMessageBytes)) {
        this.#busy = true;
        const answer = await dispatch(service, message, onError);
        if (this.#socket.writable) this.#socket.write(frame(answer));
        this.#busy = false;
        if (this.#finishing) return;
      }
    } catch (error) {
      // The caller's doing, be it noise or going away: its connection is all that ends.
      if (!this.#finishing) onError('connection', error);
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

async function listenPrivately(server: Server, path: string): Promise<void> {
  await prepareSocket(path);
  await listen(server, { path });
  await chmod(path, 0o600);
}

async function listen(server: Server, at: { path: string } | { fd: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void =>
      reject(
        new SignerError('socket_unusable', `could not listen on ${JSON.stringify(at)} (${cause.code})`, {
          cause,
        }),
      );
    server.once('error', refuse);
    server.listen(at, () => {
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
