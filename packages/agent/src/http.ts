import { createHash } from 'node:crypto';
import {
  type Agent,
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { pipeline } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type Clock, DeadlineError, withDeadline } from '#clock.ts';
import { HttpError, httpError } from '#http-error.ts';
import { DIRECT, type Proxies } from '#proxy.ts';

export interface HttpRequest {
  url: string;
  method?: 'GET' | 'POST' | 'PUT';
  headers?: Readonly<Record<string, string>>;
  /** A stream is sent as it comes; say its `content-length` where the server must know it. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Of the whole exchange; of a stream, until its headers are there. */
  timeoutMs: number;
  /** Of the answer's body; 2 MiB, chainweb's own limit, unless given. Streams have none. */
  maxBytes?: number;
  signal?: AbortSignal | undefined;
  /** Accepts any certificate. For chainweb's P2P port alone, where the fingerprint is the identity. */
  selfSigned?: boolean;
  /** How its name becomes an address, instead of by the system. A proxy would ask for itself, so through one it fails. */
  lookup?: LookupFunction;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case; repeated ones joined by ', '. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
  /** SHA-256 of the server's certificate, base64url, as chainweb writes its peers' ids. */
  tlsFingerprint?: string;
  /** When that certificate ends, ms since 1970. */
  tlsValidUntil?: number;
}

export interface HttpStream {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Ends with the body; rejects with HttpError if it is cut. */
  chunks: AsyncIterable<Uint8Array>;
  /** Idempotent. Always call it in the end, also after the last chunk. */
  close(): void;
}

/** Answers of any status resolve; rejects with HttpError alone. No redirect is followed. */
export interface Http {
  request(request: HttpRequest): Promise<HttpResponse>;
  stream(request: HttpRequest): Promise<HttpStream>;
}

export interface HttpOptions {
  clock: Clock;
  /** Direct, unless given. */
  proxies?: Proxies;
  /** PEM, instead of the authorities that Node trusts. */
  ca?: readonly string[] | undefined;
  /** For many requests to one server, such as long-polling. */
  keepAlive?: boolean;
}

const DEFAULT_MAX_BYTES = 2 * 2 ** 20;

export function createHttp({ clock, proxies = DIRECT, ca, keepAlive = false }: HttpOptions): Http {
  const authorities = ca ? { ca: [...ca] } : {};
  const plain = new HttpAgent({ keepAlive });
  const secure = new HttpsAgent({ keepAlive });
  const secureSelfSigned = new HttpsAgent({ keepAlive, maxCachedSessions: 0 });

  async function agentFor(request: HttpRequest): Promise<Agent> {
    const { url, selfSigned, lookup } = request;
    const tunnel = await proxies.agentFor(url);
    if (tunnel && lookup)
      throw new HttpError('http_not_public', nameOf(request), { detail: 'a proxy resolves its name' });
    if (tunnel) return tunnel;
    if (!url.startsWith('https:')) return plain;
    return selfSigned ? secureSelfSigned : secure;
  }

  async function open(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const agent = await agentFor(request);
    const send = request.url.startsWith('https:') ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const outgoing = send(request.url, {
        method: request.method ?? 'GET',
        headers: { 'user-agent': 'stoa-agent', ...request.headers },
        agent,
        signal,
        rejectUnauthorized: !request.selfSigned,
        ...(request.lookup && { lookup: request.lookup }),
        ...authorities,
      });
      outgoing.once('response', resolve);
      outgoing.once('error', (error) => {
        // The server closed an idle connection just as it was used again: nothing has reached it.
        const unlucky = outgoing.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
        if (unlucky && (request.method ?? 'GET') === 'GET') open(request, signal).then(resolve, reject);
        else reject(error);
      });
      writeBody(outgoing, request.body);
    });
  }

  return {
    async request(request) {
      const { timeoutMs: ms, signal, maxBytes = DEFAULT_MAX_BYTES } = request;
      const what = nameOf(request);
      try {
        return await withDeadline(clock, { ms, what, signal }, async (inner) => {
          const answer = await open(request, inner);
          const certificate = certificateOf(answer);
          const body = await readBody(answer, what, maxBytes);
          return { ...headOf(answer), body, ...certificate };
        });
      } catch (error) {
        throw describe(what, error, signal);
      }
    },

    async stream(request) {
      const { timeoutMs: ms, signal } = request;
      const what = nameOf(request);
      const life = new AbortController();
      const end = (): void => life.abort(signal?.reason);
      signal?.addEventListener('abort', end, { once: true });
      const close = (): void => {
        signal?.removeEventListener('abort', end);
        life.abort();
      };
      try {
        const answer = await withDeadline(clock, { ms, what, signal }, () => open(request, life.signal));
        return { ...headOf(answer), chunks: chunksOf(answer, what, life.signal), close };
      } catch (error) {
        close();
        throw describe(what, error, signal);
      }
    },
  };
}

function writeBody(outgoing: ClientRequest, body: HttpRequest['body']): void {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body);
  // An error of the source ends the request with it, and the request's own listeners tell.
  else pipeline(body, outgoing, () => undefined);
}

/** UTF-8 text of a body. */
export function textOf({ body }: Pick<HttpResponse, 'body'>): string {
  return new TextDecoder().decode(body);
}

/** @throws HttpError `http_malformed` */
export function jsonOf(response: Pick<HttpResponse, 'body'>, what: string): unknown {
  try {
    return JSON.parse(textOf(response));
  } catch (cause) {
    throw new HttpError('http_malformed', what, { detail: 'no JSON', cause });
  }
}

/** Without query and credentials, which may be secret. */
function nameOf({ method = 'GET', url }: HttpRequest): string {
  const parsed = URL.parse(url);
  return parsed ? `${method} ${parsed.origin}${parsed.pathname}` : `${method} an invalid URL`;
}

function describe(what: string, error: unknown, signal: AbortSignal | undefined): HttpError {
  if (signal?.aborted) return new HttpError('http_aborted', what, { cause: signal.reason });
  if (error instanceof DeadlineError) return new HttpError('http_timeout', what, { cause: error });
  return httpError(what, error);
}

function headOf(answer: IncomingMessage): Pick<HttpResponse, 'status' | 'headers'> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { status: answer.statusCode ?? 0, headers };
}

function certificateOf({ socket }: IncomingMessage): Pick<HttpResponse, 'tlsFingerprint' | 'tlsValidUntil'> {
  if (!(socket instanceof TLSSocket)) return {};
  // Not getPeerX509Certificate: in Node 24.21 it answers once a connection, and undefined from then on.
  const { raw, valid_to: validTo } = socket.getPeerCertificate();
  if (!raw) return {};
  const tlsFingerprint = createHash('sha256').update(raw).digest('base64url');
  return { tlsFingerprint, tlsValidUntil: Date.parse(validTo) };
}

async function readBody(answer: IncomingMessage, what: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      answer.destroy();
      throw new HttpError('http_too_large', what, { detail: `more than ${maxBytes} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* chunksOf(
  answer: IncomingMessage,
  what: string,
  life: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* answer as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw describe(what, error, life);
  }
}
