import { createConnection, type Socket } from 'node:net';
import { createClient, type SignerClient, type SignerTransport } from '#client/signer-client.ts';
import { SignerError } from '#error.ts';
import type { Dialect } from '#wire/dialect.ts';
import { decodeAnswer, decodeError, encodeRequest, frame, readFrames } from '#wire/message.ts';
import { REGION_DIALECT, type SignerCalls } from '#wire/methods.ts';

const DEFAULT_TIMEOUT_MS = 5_000;

export interface ConnectOptions {
  readonly socketPath: string;
  /** Of each call, from asking to the answer. */
  readonly timeoutMs?: number;
}

/** Connects at the first call and again after each loss. A call whose connection is lost is sent once more on a new one. */
export function connectSigner(options: ConnectOptions): SignerClient {
  return createClient(new SocketTransport(options));
}

/** What the transport knows of a dialect: its bound, and how the daemon is started. */
type Manner = Pick<Dialect<SignerCalls>, 'maxMessageBytes' | 'command'>;

interface Waiting {
  resolve(payload: Uint8Array): void;
  reject(error: SignerError): void;
}

/** Every request that may be sent twice gives the same answer twice, or one that harms nobody (see `SignerClient`). */
export class SocketTransport implements SignerTransport {
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #manner: Manner;
  #connection: Connection | undefined;
  #closed = false;

  constructor(
    { socketPath, timeoutMs = DEFAULT_TIMEOUT_MS }: ConnectOptions,
    manner: Manner = REGION_DIALECT,
  ) {
    this.#path = socketPath;
    this.#timeoutMs = timeoutMs;
    this.#manner = manner;
  }

  async exchange(method: string, payload: Uint8Array): Promise<Uint8Array> {
    const late = new SignerError(
      'signer_timeout',
      `the signer at ${this.#path} did not answer '${method}' within ${this.#timeoutMs} ms: see its log`,
    );
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const timer = setTimeout(() => reject(late), this.#timeoutMs);
    this.#exchange(method, payload).then(resolve, reject);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.end(new SignerError('signer_closed', 'this client of the signer was closed'));
  }

  async #exchange(method: string, payload: Uint8Array): Promise<Uint8Array> {
    const kept = this.#connection;
    if (kept?.alive !== true) return this.#connect().request(method, payload);
    try {
      return await kept.request(method, payload);
    } catch (error) {
      // Only a connection that was there before can have died unseen, by a restart of the signer.
      if (kept.alive || this.#closed) throw error;
      return this.#connect().request(method, payload);
    }
  }

  #connect(): Connection {
    if (this.#closed) throw new SignerError('signer_closed', 'this client of the signer was closed');
    if (this.#connection?.alive !== true) this.#connection = new Connection(this.#path, this.#manner);
    return this.#connection;
  }
}

/** One socket, from connecting to its loss, and the requests that wait on it. */
class Connection {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #manner: Manner;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  alive = true;

  constructor(path: string, manner: Manner) {
    this.#path = path;
    this.#manner = manner;
    this.#socket = createConnection(path);
    this.#read().then(
      () => this.end(this.#lost(undefined)),
      (cause: unknown) => this.end(this.#lost(cause)),
    );
  }

  request(method: string, payload: Uint8Array): Promise<Uint8Array> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.ref();
      this.#socket.write(frame(encodeRequest({ id, method, payload }, this.#manner.maxMessageBytes)));
    });
  }

  /** Everyone who waits is told why. */
  end(error: SignerError): void {
    this.alive = false;
    this.#socket.destroy();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async #read(): Promise<void> {
    const { maxMessageBytes } = this.#manner;
    for await (const message of readFrames(this.#socket, maxMessageBytes)) {
      const { id, ok, payload } = decodeAnswer(message, maxMessageBytes);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      // An idle connection keeps no process alive.
      if (this.#waiting.size === 0) this.#socket.unref();
      // A copy: answers are kept for long, and the payload is a view of the whole chunk.
      if (ok) waiting?.resolve(Uint8Array.from(payload));
      else waiting?.reject(decodeError(payload));
    }
  }

  #lost(cause: unknown): SignerError {
    return new SignerError(
      'signer_unreachable',
      `no signer answers at ${this.#path}: start it with '${this.#manner.command}', or name its socket`,
      { cause },
    );
  }
}
