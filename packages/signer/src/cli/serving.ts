import { type CliContext, report, UsageError } from '#cli/context.ts';
import { ErrorLog } from '#cli/error-log.ts';
import type { Callee, CallTable } from '#wire/dialect.ts';
import { type Listening, serveSigner } from '#wire/server.ts';

export interface ListenOptions {
  socket?: string;
  listenFd?: string;
}

/** @param socketPath where nothing else is said */
export function listeningOf({ listenFd, socket }: ListenOptions, socketPath: string): Listening {
  if (listenFd === undefined) return { socketPath: socket ?? socketPath };
  if (socket !== undefined) throw new UsageError('give one of --socket and --listen-fd');
  if (!/^[3-9]$/.test(listenFd)) throw new UsageError(`--listen-fd is '${listenFd}' (expected 3 to 9)`);
  return { fd: Number(listenFd) };
}

export interface Serving {
  readonly listening: Listening;
  /** What is printed once it serves. @param place where it does */
  readonly ready: (place: string) => Promise<{ data: object; lines: readonly string[] }>;
  readonly untilStdinEnds?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Serves until a signal comes, or standard input ends where that is asked for. */
export async function serveDaemon<C extends CallTable<C>>(
  context: CliContext,
  service: Callee<C>,
  { listening, ready, untilStdinEnds, json = false }: Serving,
): Promise<void> {
  const { io, signal, clock } = context;
  const log = new ErrorLog({ clock, write: (line) => io.err(`${line}\n`) });
  const server = await serveSigner(service, {
    listening,
    onError: (method, error) => log.add(method, error),
  });
  try {
    const place = 'fd' in listening ? `descriptor ${listening.fd}` : listening.socketPath;
    report(context, { json }, await ready(place));
    await Promise.race([aborted(signal), ...(untilStdinEnds === true ? [io.stdinEnd()] : [])]);
  } finally {
    await server.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
