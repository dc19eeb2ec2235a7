import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { LIMITS, ProtocolError, SUBPROTOCOL } from '@stoa/protocol';
import type { WebSocketServer } from 'ws';
import type { Clock } from '../clock.ts';
import type { Enrolment, Origin } from '../nodes/index.ts';
import { answerBytes, answerError, header, RequestError, readBody } from './agent-http.ts';
import type { Gateway } from './gateway.ts';
import type { LinkRequest } from './link.ts';
import type { LongPolls } from './long-polls.ts';
import { siteOf } from './network.ts';
import type { ReentryCookies } from './reentry-cookie.ts';
import { upgrade } from './websocket-link.ts';

export const AGENT_PATH = '/agent/v1';
const MAX_IDLE_S = 900;

export interface AgentRoutesDeps {
  readonly gateway: Gateway;
  readonly enrolment: Enrolment;
  readonly polls: LongPolls;
  readonly cookies: ReentryCookies;
  readonly sockets: WebSocketServer;
  readonly clock: Clock;
  /** Address of the client, behind whatever proxies are trusted. */
  addressOf(request: IncomingMessage): string;
}

/** What agents reach by HTTP: the upgrade, enrolment, long-poll, and the probe of their NAT's idle time. */
export class AgentRoutes {
  readonly #deps: AgentRoutesDeps;

  constructor(deps: AgentRoutesDeps) {
    this.#deps = deps;
  }

  /** Returns false for a path that is not an agent's. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const url = urlOf(request);
    if (!url?.pathname.startsWith(`${AGENT_PATH}/`)) return false;
    this.#route(url, request, response).catch((error: unknown) => answerError(response, error));
    return true;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { gateway, sockets, addressOf } = this.#deps;
    // Node has taken its own handlers off: an unhandled error of one socket would end the process.
    socket.on('error', destroy);
    try {
      if (request.url !== AGENT_PATH)
        throw new RequestError(404, 'not_found', 'no WebSocket at this address');
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
      if (!offered.includes(SUBPROTOCOL))
        throw new RequestError(400, 'bad_subprotocol', `subprotocol ${SUBPROTOCOL} expected`);
      const opening = linkRequest(request);
      const address = addressOf(request);
      // The answer to the upgrade and the Challenge after it leave together.
      socket.cork();
      setImmediate(() => socket.uncork());
      upgrade(sockets, { message: request, socket, head, address }, (link) => {
        void gateway.accept(link, opening);
      });
    } catch (error) {
      const status = error instanceof RequestError ? error.status : 400;
      const reason = status === 404 ? 'Not Found' : 'Bad Request';
      socket.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    }
  }

  async #route(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${request.method} ${url.pathname.slice(AGENT_PATH.length)}`;
    switch (route) {
      case 'POST /enrol/challenge':
        return this.#enrolChallenge(request, response);
      case 'POST /enrol':
        return this.#enrol(request, response);
      case 'POST /poll/open':
        return this.#pollOpen(request, response);
      case 'POST /poll':
        return this.#poll(request, response);
      case 'POST /poll/close':
        this.#deps.polls.close(header(request, 'stoa-session'));
        return answerBytes(response, new Uint8Array(0));
      case 'GET /idle':
        return this.#idle(url, request, response);
      default:
        throw new RequestError(404, 'not_found', `${route} is no agent route of this hub`);
    }
  }

  async #enrolChallenge(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { nonceA } = linkRequest(request);
    const { exchange, challenge } = this.#deps.enrolment.challenge(nonceA, this.#originOf(request));
    answerBytes(response, challenge, { 'stoa-exchange': exchange });
  }

  async #enrol(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = header(request, 'stoa-exchange');
    const body = await readBody(request, LIMITS.preAuthBytes);
    answerBytes(response, await this.#deps.enrolment.enrol(exchange, body, this.#originOf(request)));
  }

  #originOf(request: IncomingMessage): Origin {
    const address = this.#deps.addressOf(request);
    return { address, network: siteOf(address) };
  }

  async #pollOpen(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { polls, gateway, addressOf } = this.#deps;
    const { id, link } = polls.open(addressOf(request));
    void gateway.accept(link, linkRequest(request));
    answerBytes(response, await link.first(), { 'stoa-session': id });
  }

  async #poll(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const link = this.#deps.polls.find(header(request, 'stoa-session'));
    const number = Number(header(request, 'stoa-poll'));
    if (!Number.isSafeInteger(number) || number < 1)
      throw new RequestError(400, 'bad_request', `poll number '${number}': an integer from 1 expected`);
    const answer = await link.poll(number, await readBody(request, link.bodyBytes));
    if ('closed' in answer)
      throw new RequestError(410, 'session_gone', 'this session has ended', {
        'stoa-close': String(answer.closed),
      });
    answerBytes(response, answer.body);
  }

  /** Answers after `seconds` of silence: where the answer does not arrive, something between dropped the idle connection. */
  async #idle(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { cookies, clock } = this.#deps;
    if (!cookies.holds(linkCookie(request), clock.now()))
      throw new RequestError(404, 'not_found', 'the idle probe is for nodes that had a session');
    const seconds = Number(url.searchParams.get('seconds'));
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_IDLE_S)
      throw new RequestError(400, 'bad_request', `seconds=${seconds}: 1 to ${MAX_IDLE_S} expected`);
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(seconds * 1000, resolve);
    response.on('close', () => {
      cancel();
      resolve();
    });
    await promise;
    response.writeHead(204).end();
  }
}

/** One for all sockets: a closure would keep the request of each for as long as its session. */
function destroy(this: Duplex): void {
  this.destroy();
}

/** Undefined for a request line that holds no address at all. */
function urlOf(request: IncomingMessage): URL | undefined {
  return URL.parse(request.url ?? '/', 'http://hub') ?? undefined;
}

function linkRequest(request: IncomingMessage): LinkRequest {
  const nonceA = bytesHeader(request, 'stoa-nonce');
  if (nonceA?.length !== 32)
    throw new RequestError(400, 'bad_request', 'header stoa-nonce: 32 bytes in base64url expected');
  return { nonceA, cookie: linkCookie(request) };
}

function linkCookie(request: IncomingMessage): Uint8Array | undefined {
  return bytesHeader(request, 'stoa-cookie');
}

/** As the protocol's `fromBase64Url` reads it, at a tenth of the cost. */
function bytesHeader(request: IncomingMessage, name: string): Uint8Array | undefined {
  const value = request.headers[name];
  if (typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value, 'base64url');
  if (bytes.toString('base64url') !== value)
    throw new ProtocolError('malformed', `header ${name} is not base64url`);
  return bytes;
}
