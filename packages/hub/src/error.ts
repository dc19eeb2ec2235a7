/** Base of the hub's own errors: a stable code, and whether trying again can help without a person. */
export class HubError<Code extends string = string> extends Error {
  override readonly name: string = 'HubError';
  readonly code: Code;
  readonly retry: boolean;

  constructor(code: Code, message: string, options: { retry: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry;
  }
}
