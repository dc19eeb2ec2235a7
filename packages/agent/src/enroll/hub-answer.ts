import { parseHubError } from '#channel/hub-error.ts';
import { EnrollError, type EnrollErrorCode } from '#enroll/error.ts';
import type { HttpResponse } from '#http.ts';

/** What a person can do about the token. */
const TOKEN_ADVICE: Partial<Record<string, { code: EnrollErrorCode; advice: string }>> = {
  join_token_unknown: {
    code: 'join_token_unknown',
    advice: 'the hub does not know this join token: make a new one in the console',
  },
  join_token_expired: {
    code: 'join_token_expired',
    advice: 'this join token has expired: make a new one in the console',
  },
  join_token_used: {
    code: 'join_token_used',
    advice: 'this join token was used for another node: make a new one in the console',
  },
};

/** @throws EnrollError unless the hub said yes. */
export function requireOk(response: HttpResponse, origin: string): void {
  const { status } = response;
  if (status === 200) return;
  const error = parseHubError(response.body);
  const known = error && TOKEN_ADVICE[error.code];
  if (known) throw new EnrollError(known.code, known.advice);
  const said = error
    ? `${error.message} (${error.code})`
    : `HTTP ${status}, which is not the hub's own answer`;
  if (status === 429 || status >= 500)
    throw new EnrollError('hub_unavailable', `${origin} cannot enrol now: ${said}. Try again in a minute`);
  throw new EnrollError('hub_refused', `${origin} refused the enrolment: ${said}`);
}
