import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { AllowedAddresses } from './egress-addresses.ts';
import { EgressRefusedError, EgressResolver } from './egress-resolver.ts';
import { HubError } from './error.ts';
import type { Resolve } from './name-resolver.ts';

/** An answer is looked at, never kept: more than this of it is not read. */
const ANSWER_BYTES = 16 * 1024;

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfterMs: number | undefined;
}

export interface Asked {
  readonly method: 'GET' | 'POST';
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** A place that was not reached. The text names its host at most, since a path may be a secret. */
export class UnreachedError extends HubError<'unreached'> {
  override readonly name = 'UnreachedError';
  constructor(message: string, options: { retry: boolean; cause?: unknown }) {
    super('unreached', message, options);
  }
}

/**
 * HTTP to where somebody says, without lending them the hub's place in its network. A name is resolved here, all its
 * addresses are checked, and the connection goes to a checked one: no second resolution that could answer otherwise (DNS
 * rebinding). Redirects are not followed.
 */
export class GuardedHttp {
  readonly #resolver: EgressResolver;

  constructor(by: { allowed: Pick<AllowedAddresses, 'allows'>; resolve?: Resolve }) {
    this.#resolver = new EgressResolver(by);
  }

  /** @throws UnreachedError. */
  async request(url: URL, asked: Asked): Promise<Answer> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new UnreachedError(`the address begins with ${url.protocol}, https: expected`, { retry: false });
    try {
      // A literal address is connected to without a look-up.
      if (isIP(host) !== 0) await this.#resolver.addressesOf(host);
      return await this.#exchange(url, asked);
    } catch (cause) {
      if (cause instanceof EgressRefusedError)
        throw new UnreachedError(cause.message, { retry: false, cause });
      const why = asked.signal.aborted
        ? 'no answer in time'
        : ((cause as { code?: string }).code ?? 'the connection failed');
      throw new UnreachedError(`${host}: ${why}`, { retry: true, cause });
    }
  }

  #exchange(url: URL, { method, headers, body, signal }: Asked): Promise<Answer> {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const options = { method, signal, lookup: this.#lookup, agent: false, ...(headers && { headers }) };
      const request = open(url, options, (response) => {
        readAnswer(response).then(resolve, reject);
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  readonly #lookup: LookupFunction = (host, options, done) => {
    this.#resolver.addressesOf(host).then(
      (addresses) => {
        if (options.all) done(null, [...addresses]);
        else done(null, addresses[0].address, addresses[0].family);
      },
      (error: Error) => done(error, '', 0),
    );
  };
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= ANSWER_BYTES) break;
  }
  response.destroy();
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(parts).subarray(0, ANSWER_BYTES).toString('utf8'),
    retryAfterMs: secondsOf(response.headers['retry-after']),
  };
}

function secondsOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header === undefined || !Number.isFinite(seconds) || seconds < 0 ? undefined : seconds * 1_000;
}
