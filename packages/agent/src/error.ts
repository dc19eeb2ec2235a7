/** Root of every error the agent raises by itself. `code` is stable; `retry` tells whether the same call can succeed later without a person. */
export class AgentError<Code extends string = string> extends Error {
  override readonly name: string = 'AgentError';
  readonly code: Code;
  readonly retry: boolean;

  constructor(code: Code, message: string, options: { retry: boolean; cause?: unknown }) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retry = options.retry;
  }
}

export interface ErrorDescription {
  code: string;
  message: string;
  retry: boolean;
}

/** What a snapshot, a log line or a check shows of anything that was thrown. */
export function describeError(thrown: unknown): ErrorDescription {
  if (!(thrown instanceof Error)) return { code: 'unknown', message: String(thrown), retry: false };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'unknown';
  const retry = 'retry' in thrown && thrown.retry === true;
  return { code, message: thrown.message, retry };
}
