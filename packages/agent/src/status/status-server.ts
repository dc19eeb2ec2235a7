import { createServer, type Socket } from 'node:net';
import type { Clock } from '#clock.ts';
import { describeError } from '#error.ts';
import type { StatusSnapshot } from '#status/snapshot.ts';
import { listenOnPath } from '#status/unix-socket.ts';

/** What an agent tells over its status socket. Each is asked for anew at each request. */
export interface StatusAnswers {
  status(): StatusSnapshot;
  /** Prometheus text. */
  metrics(): { readonly text: string };
  /** The last lines of the log. */
  logs(): { readonly lines: readonly string[] };
}

export type StatusQuestion = keyof StatusAnswers;

export interface StatusServer {
  /** Returns once the socket file is gone; waits for no client. Idempotent. */
  close(): Promise<void>;
}

export interface StatusServerOptions {
  path: string;
  clock: Clock;
  answers: StatusAnswers;
}

const OWNER_ONLY = 0o600;
const MAX_REQUEST_BYTES = 4096;
const MAX_CLIENTS = 16;
const CLIENT_TIMEOUT_MS = 5000;

/**
 * JSON lines over a Unix socket that its owner alone may open (0600): `{"ask":"status"}` is answered by
 * `{"ok":true, …}` or `{"ok":false,"error":{code,message,retry}}`. A socket file that a dead agent left is replaced.
 *
 * @throws UnixSocketError
 */
export async function serveStatus({ path, clock, answers }: StatusServerOptions): Promise<StatusServer> {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    serveClient(client, clock, answers);
  });
  server.maxConnections = MAX_CLIENTS;
  await listenOnPath(server, path, OWNER_ONLY);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.destroy();
      }),
  };
}

function serveClient(client: Socket, clock: Clock, answers: StatusAnswers): void {
  let received = '';
  const timer = clock.after(CLIENT_TIMEOUT_MS, () => client.destroy());
  client.setEncoding('utf8');
  client.once('close', () => timer.cancel());
  // A client that went away is no concern of the agent.
  client.on('error', () => client.destroy());
  client.on('data', (text: string) => {
    received += text;
    const end = received.indexOf('\n');
    if (end >= 0) client.end(`${JSON.stringify(answer(received.slice(0, end), answers))}\n`);
    else if (received.length > MAX_REQUEST_BYTES) client.destroy();
  });
}

function answer(line: string, answers: StatusAnswers): object {
  try {
    const request: unknown = JSON.parse(line);
    const question =
      typeof request === 'object' && request !== null ? Reflect.get(request, 'ask') : undefined;
    if (!isQuestion(question, answers))
      throw new Error(
        `'ask' is ${JSON.stringify(question)}, expected one of ${Object.keys(answers).join(', ')}`,
      );
    return { ok: true, ...answers[question]() };
  } catch (error) {
    return { ok: false, error: describeError(error) };
  }
}

function isQuestion(question: unknown, answers: StatusAnswers): question is StatusQuestion {
  return typeof question === 'string' && Object.hasOwn(answers, question);
}
