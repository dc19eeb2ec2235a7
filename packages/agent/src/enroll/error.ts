import { AgentError } from '#error.ts';

export type EnrollErrorCode =
  | 'already_enrolled'
  | 'hub_insecure'
  | 'hub_refused'
  | 'hub_unavailable'
  | 'enrolment_declined'
  | 'join_token_unknown'
  | 'join_token_expired'
  | 'join_token_used';

const RETRY: ReadonlySet<EnrollErrorCode> = new Set(['hub_unavailable']);

/** Nothing was stored that a later attempt could not use. */
export class EnrollError extends AgentError<EnrollErrorCode> {
  override readonly name = 'EnrollError';

  constructor(code: EnrollErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { retry: RETRY.has(code), ...options });
  }
}
