import type { Act, AuditLog } from '#audit/index.ts';
import type { HubContext } from '../http.ts';
import { HttpError } from '../http-error.ts';
import { ADDRESS_HEADER, type Auth } from './auth.ts';
import type { AuthTransactions } from './auth-database.ts';
import type { SessionCookies } from './session-cookies.ts';

export interface AuthAnswer {
  readonly ok: boolean;
  readonly status: number;
  /** Stable, upper case; empty where it went well. */
  readonly code: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Sent {
  readonly c: HubContext;
  readonly path: string;
  readonly body: string | undefined;
  readonly token: string | undefined;
}

interface AuthCall {
  readonly path: `/${string}`;
  /** Sent as JSON by POST; without it the call is a GET. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Of the session for which it is called; without it nobody is signed in. */
  readonly token?: string;
  /** The browser is answered already: it gets no cookies. */
  readonly detached?: boolean;
  /** Stands in the audit log exactly if better-auth did it. */
  readonly act?: Act;
}

/**
 * better-auth's HTTP API, called for forms of ours: through its front door, so that its limits and checks hold. The
 * cookies that it sets go to the browser.
 */
export class AuthApi {
  readonly #auth: Auth;
  readonly #transactions: AuthTransactions;
  readonly #audit: Pick<AuditLog, 'appendIn'>;
  readonly #cookies: SessionCookies;
  readonly #origin: string;
  readonly #addressOf: (c: HubContext) => string;
  readonly #onChange: () => void;

  constructor(by: {
    auth: Auth;
    transactions: AuthTransactions;
    audit: Pick<AuditLog, 'appendIn'>;
    cookies: SessionCookies;
    publicUrl: string;
    addressOf: (c: HubContext) => string;
    /** Called after each call that may have changed a session or an account. */
    onChange: () => void;
  }) {
    this.#auth = by.auth;
    this.#transactions = by.transactions;
    this.#audit = by.audit;
    this.#cookies = by.cookies;
    this.#origin = new URL(by.publicUrl).origin;
    this.#addressOf = by.addressOf;
    this.#onChange = by.onChange;
  }

  /** @throws {HttpError} `too_many_tries`, by the address of the client. */
  async call(c: HubContext, { path, body, token, detached = false, act }: AuthCall): Promise<AuthAnswer> {
    const response = await this.#done({ c, path, body: body && JSON.stringify(body), token }, act);
    if (!detached) this.#pass(c, response);
    const text = await response.text();
    const answer: unknown = text === '' || !isJson(response) ? {} : JSON.parse(text);
    const fields = answer !== null && typeof answer === 'object' ? (answer as Record<string, unknown>) : {};
    if (response.status === 429) throw tooManyTries(Number(response.headers.get('x-retry-after')));
    if (response.status >= 500) throw new Error(`better-auth answered ${response.status} to ${path}`);
    const code = typeof fields['code'] === 'string' ? fields['code'] : '';
    return { ok: response.ok, status: response.status, code, body: fields };
  }

  /** The browser's own request to one of the endpoints that scripts need, for an account or for nobody. */
  async forward(
    c: HubContext,
    path: `/${string}`,
    { token, act }: { token?: string; act?: Act } = {},
  ): Promise<Response> {
    const posted = c.req.method === 'POST';
    const body = posted ? await c.req.text() : undefined;
    const response = await this.#done({ c, path, body, token }, act);
    this.#pass(c, response);
    if (response.status === 429) throw tooManyTries(Number(response.headers.get('x-retry-after')));
    if (!response.ok)
      throw new HttpError(posted ? 401 : 400, 'passkey_refused', 'The passkey was not accepted.', {
        fix: 'Try again, or use the password.',
      });
    // What a ceremony ends with holds the session's token, which no script needs to see.
    return posted ? c.json({}) : c.json(await response.json());
  }

  #pass(c: HubContext, response: Response): void {
    for (const line of response.headers.getSetCookie()) c.header('set-cookie', line, { append: true });
    c.header('cache-control', 'no-store');
    this.#onChange();
  }

  /** A refusal is kept as well, with the tries that it counted; a fault leaves nothing. */
  #done(request: Sent, act: Act | undefined): Promise<Response> {
    if (act === undefined) return this.#send(request);
    return this.#transactions.run(async (tx) => {
      const response = await this.#send(request);
      if (response.status >= 500)
        throw new Error(`better-auth answered ${response.status} to ${request.path}`);
      if (response.ok) await this.#audit.appendIn(tx, act);
      return response;
    });
  }

  #send({ c, path, body, token }: Sent): Promise<Response> {
    const headers = new Headers({
      origin: this.#origin,
      cookie: this.#cookies.headerFor(c, token),
      'user-agent': (c.req.header('user-agent') ?? '').slice(0, 200),
      [ADDRESS_HEADER]: this.#addressOf(c),
    });
    if (body !== undefined) headers.set('content-type', 'application/json');
    return this.#auth.handler(
      new Request(`${this.#origin}/auth${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        body: body ?? null,
      }),
    );
  }
}

export function tooManyTries(seconds: number): HttpError {
  const wait = Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : 60;
  return new HttpError(429, 'too_many_tries', 'There were too many tries.', {
    fix: `Wait ${wait < 120 ? `${wait} seconds` : `${Math.ceil(wait / 60)} minutes`}, then try again.`,
    retry: true,
  });
}

function isJson(response: Response): boolean {
  return response.headers.get('content-type')?.includes('json') ?? false;
}
