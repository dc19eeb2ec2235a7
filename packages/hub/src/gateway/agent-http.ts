import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { ProtocolError } from '@stoa/protocol';
import { HubError } from '../error.ts';
import { EnrolmentError } from '../nodes/index.ts';

/** A request that cannot be served as it is. */
export class RequestError extends HubError {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;

  constructor(status: number, code: string, message: string, headers: OutgoingHttpHeaders = {}) {
    super(code, message, { retry: false });
    this.status = status;
    this.headers = headers;
  }
}

export function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new RequestError(400, 'bad_request', `header ${name} is missing`);
}

/** @throws RequestError 413 as soon as the body passes the bound, whatever its length claimed to be; the rest is not read. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let length = 0;
  const tooLarge = () => {
    request.pause();
    request.removeListener('data', take);
    reject(new RequestError(413, 'too_large', `the body is past its bound of ${maxBytes} bytes`));
  };
  function take(chunk: Buffer): void {
    length += chunk.length;
    if (length > maxBytes) tooLarge();
    else chunks.push(chunk);
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) tooLarge();
  else request.on('data', take);
  request.on('end', () => resolve(Buffer.concat(chunks)));
  request.on('error', reject);
  request.on('close', () =>
    reject(new RequestError(400, 'bad_request', 'the request ended before its body')),
  );
  return promise;
}

export function answerBytes(
  response: ServerResponse,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): void {
  if (response.writableEnded || response.destroyed) return;
  response
    .writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': body.length,
      'cache-control': 'no-store',
      ...headers,
    })
    .end(body);
}

/** JSON {code, message, retry}; what is not an error of a known kind says nothing of itself. */
export function answerError(response: ServerResponse, error: unknown): void {
  if (response.writableEnded || response.destroyed) return;
  const { status, headers, said } = describe(error);
  const body = JSON.stringify(said);
  // After an unread body the connection cannot be used again.
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    connection: 'close',
    ...headers,
  });
  response.end(body);
}

interface Described {
  status: number;
  headers: OutgoingHttpHeaders;
  said: { code: string; message: string; retry: boolean };
}

function describe(error: unknown): Described {
  const said = (known: { code: string; message: string; retry: boolean }) => ({
    code: known.code,
    message: known.message,
    retry: known.retry,
  });
  if (error instanceof RequestError)
    return { status: error.status, headers: error.headers, said: said(error) };
  if (error instanceof EnrolmentError) return { status: error.status, headers: {}, said: said(error) };
  if (error instanceof ProtocolError)
    return { status: error.code === 'too_large' ? 413 : 400, headers: {}, said: said(error) };
  const message = 'the hub could not do this now: try again in a minute';
  return {
    status: 503,
    headers: { 'retry-after': '60' },
    said: { code: 'unavailable', message, retry: true },
  };
}
