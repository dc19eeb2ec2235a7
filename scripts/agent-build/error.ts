export type BuildCode =
  | 'node_not_pinned'
  | 'node_unavailable'
  | 'root_missing'
  | 'tool_missing'
  | 'not_reproducible'
  | 'too_big';

/** `retry`: the same call may do it later, without anything being changed. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
  readonly code: BuildCode;
  readonly retry: boolean;

  constructor(code: BuildCode, message: string, options: { retry?: boolean; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.code = code;
    this.retry = options.retry ?? false;
  }
}
