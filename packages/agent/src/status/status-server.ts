import { createServer, type Socket } from 'node:net';
import type { Clock } from '#clock.ts';
import { describeError } from '#error.ts';
import type { StatusSnapshot } from '#status/snapshot.ts';
import { listenOnPath } from '#status/unix-socket.ts';
import type { UpdateView } from '#update/update-report.ts';
import type { WorkStatus } from '#work/work-status.ts';

/** What an agent tells over its status socket. Each is asked for anew at each request. */
export interface StatusAnswers {
  status(): StatusSnapshot;
  /** Prometheus text. */
  metrics(): { readonly text: string };
  /** The last lines of the log. */
  logs(): { readonly lines: readonly string[] };
  jobs(): WorkStatus;
  /** Looks first at what the host's user may have changed on disk. */
  look(): Promise<WorkStatus>;
  /** What is asked stands beside `ask` (`UpdateRequest`). */
  update(request: object): Promise<UpdateView>;
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
  /** Who asks to `follow` gets each line of the log from then on. */
  follow: (told: (line: string) => void) => () => void;
}

const OWNER_ONLY = 0o600;
const MAX_REQUEST_BYTES = 4096;
const MAX_CLIENTS = 16;
const CLIENT_TIMEOUT_MS = 5000;
const MAX_BEHIND_BYTES = 256 * 1024;

/**
 * JSON lines over a Unix socket that its owner alone may open (0600): `{"ask":"status"}` is answered by
 * `{"ok":true, …}` or `{"ok":false,"error":{code,message,retry}}`, and `{"ask":"follow"}` by `{"line":…}` for each line of
 * the log until the client leaves. A socket file that a dead agent left is replaced.
 *
 * @throws UnixSocketError
 */
export async function serveStatus(options: StatusServerOptions): Promise<StatusServer> {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    serveClient(client, options);
  });
  server.maxConnections = MAX_CLIENTS;
  await listenOnPath(server, options.path, OWNER_ONLY);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.destroy();
      }),
  };
}

function serveClient(client: Socket, options: StatusServerOptions): void {
  let received = '';
  const timer = options.clock.after(CLIENT_TIMEOUT_MS, () => client.destroy());
  client.setEncoding('utf8');
  client.once('close', () => timer.cancel());
  // A client that went away is no concern of the agent.
  client.on('error', () => client.destroy());
  const take = (text: string): void => {
    received += text;
    const end = received.indexOf('\n');
    if (end >= 0) {
      client.off('data', take);
      timer.cancel();
      void reply(client, received.slice(0, end), options);
    } else if (received.length > MAX_REQUEST_BYTES) client.destroy();
  };
  client.on('data', take);
}

/** Never rejects. */
async function reply(client: Socket, line: string, { answers, follow }: StatusServerOptions): Promise<void> {
  try {
    const request: unknown = JSON.parse(line);
    const fields = typeof request === 'object' && request !== null ? request : {};
    const question: unknown = Reflect.get(fields, 'ask');
    if (question === 'follow') return stream(client, follow);
    if (!isQuestion(question, answers))
      throw new Error(
        `'ask' is ${JSON.stringify(question)}, expected one of ${Object.keys(answers).join(', ')}, follow`,
      );
    client.end(`${JSON.stringify({ ok: true, ...(await answers[question](fields)) })}\n`);
  } catch (error) {
    client.end(`${JSON.stringify({ ok: false, error: describeError(error) })}\n`);
  }
}

function stream(client: Socket, follow: StatusServerOptions['follow']): void {
  const leave = follow((line) => {
    // Who does not read is not waited for.
    if (client.writableLength > MAX_BEHIND_BYTES) client.destroy();
    else client.write(`${JSON.stringify({ line })}\n`);
  });
  client.once('close', leave);
  client.resume();
}

function isQuestion(question: unknown, answers: StatusAnswers): question is StatusQuestion {
  return typeof question === 'string' && Object.hasOwn(answers, question);
}
