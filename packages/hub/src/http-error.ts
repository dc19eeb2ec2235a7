import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { HubError } from './error.ts';

/** Anything thrown while a request is answered ends as this: a status, a stable code, and what its reader can do. */
export class HttpError extends HubError {
  override readonly name = 'HttpError';
  readonly status: ContentfulStatusCode;
  /** One sentence: what to do now. */
  readonly fix: string;

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    options: { fix: string; retry?: boolean; cause?: unknown },
  ) {
    super(code, message, { retry: options.retry ?? false, cause: options.cause });
    this.status = status;
    this.fix = options.fix;
  }
}

/** Also the answer to what exists and may not be seen: its being there is nobody's business. */
export function notFound(what: string): HttpError {
  return new HttpError(404, 'not_found', `${what} was not found.`, {
    fix: 'Check the address, or start from the fleet overview.',
  });
}

/** What postgres.js and the server say when the database is away or on its way down. */
const DATABASE_AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'database_unavailable',
  '57P01',
  '57P02',
  '57P03',
]);

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Whatever was thrown, as an error that may be shown: nothing of an unforeseen one's text leaves the hub. */
export function toHttpError(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown;
  // Thrown by hono itself, for a body that isn't what its type says.
  if (thrown instanceof HTTPException && thrown.status < 500)
    return new HttpError(400, 'malformed', thrown.message, {
      fix: 'Send what the content type says.',
      cause: thrown,
    });
  const code = codeOf(thrown);
  if (code !== undefined && DATABASE_AWAY.has(code))
    return new HttpError(503, 'database_unavailable', 'The hub can not reach its database.', {
      fix: 'Nodes stay connected. Try again in a few seconds: the hub reconnects by itself.',
      retry: true,
      cause: thrown,
    });
  return new HttpError(500, 'internal_error', 'Something went wrong inside the hub.', {
    fix: 'Try again. If it stays, give the request id to whoever runs this hub: it is in the log.',
    retry: true,
    cause: thrown,
  });
}
