import { AgentError } from '#error.ts';

export type HttpErrorCode =
  | 'http_timeout'
  | 'http_refused'
  | 'http_dns'
  | 'http_not_public'
  | 'http_unreachable'
  | 'http_tls'
  | 'http_reset'
  | 'http_too_large'
  | 'http_malformed'
  | 'http_aborted'
  | 'http_failed'
  | 'proxy_refused'
  | 'proxy_unreachable';

const MEANING: Record<HttpErrorCode, { retry: boolean; text: string }> = {
  http_timeout: { retry: true, text: 'no answer in time' },
  http_refused: { retry: true, text: 'the connection was refused: nothing listens on that port' },
  http_dns: { retry: true, text: 'the name could not be resolved: check the name and the DNS servers' },
  http_not_public: {
    retry: false,
    text: 'it is not on the public internet, so nobody’s word takes this node there',
  },
  http_unreachable: { retry: true, text: 'no route leads there: check the network and the firewall' },
  http_tls: { retry: false, text: 'its certificate or TLS set-up was not accepted (see the cause)' },
  http_reset: { retry: true, text: 'the connection was cut before the answer was complete' },
  http_too_large: { retry: false, text: 'the answer is larger than allowed' },
  http_malformed: { retry: false, text: 'the answer is not what was expected' },
  http_aborted: { retry: true, text: 'it was given up by the caller' },
  http_failed: { retry: true, text: 'it failed (see the cause)' },
  proxy_refused: { retry: false, text: 'the proxy would not open a tunnel' },
  proxy_unreachable: { retry: true, text: 'the proxy could not be reached, or hung up' },
};

/** Something went wrong on the way. An answer of any status is no error. */
export class HttpError extends AgentError<HttpErrorCode> {
  override readonly name: string = 'HttpError';

  constructor(code: HttpErrorCode, what: string, options: { detail?: string; cause?: unknown } = {}) {
    const { retry, text } = MEANING[code];
    super(code, `${what}: ${text}${options.detail ? ` (${options.detail})` : ''}`, {
      retry,
      cause: options.cause,
    });
  }
}

/** F05: what a proxy answers is never taken for the hub's answer. 407 asks for a user and a password. */
export class ProxyRefusedError extends HttpError {
  override readonly name = 'ProxyRefusedError';
  readonly status: number;

  constructor(proxy: string, status: number) {
    const advice = status === 407 ? 'status 407: set user and password in HTTPS_PROXY' : `status ${status}`;
    super('proxy_refused', `CONNECT through ${proxy}`, { detail: advice });
    this.status = status;
  }
}

const BY_ERRNO: Record<string, HttpErrorCode> = {
  ECONNREFUSED: 'http_refused',
  ENOTFOUND: 'http_dns',
  EAI_AGAIN: 'http_dns',
  EHOSTUNREACH: 'http_unreachable',
  ENETUNREACH: 'http_unreachable',
  ETIMEDOUT: 'http_timeout',
  ECONNRESET: 'http_reset',
  EPIPE: 'http_reset',
  ERR_STREAM_PREMATURE_CLOSE: 'http_reset',
  ABORT_ERR: 'http_aborted',
  EPROTO: 'http_tls',
};

// OpenSSL's names for what it finds wrong with a certificate, as Node passes them on.
const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH)/;

/** The class of an error that node:http or node:tls gave. */
export function httpError(what: string, cause: unknown): HttpError {
  if (cause instanceof HttpError) return cause;
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const detail = errno || (cause instanceof Error ? cause.message : String(cause));
  if (TLS_CODE.test(errno)) return new HttpError('http_tls', what, { detail, cause });
  if (errno.startsWith('HPE_')) return new HttpError('http_malformed', what, { detail, cause });
  return new HttpError(BY_ERRNO[errno] ?? 'http_failed', what, { detail, cause });
}
