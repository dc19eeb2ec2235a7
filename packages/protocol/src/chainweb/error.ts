export type ChainwebErrorCode = 'header-malformed' | 'cut-malformed' | 'checkpoint-invalid';

/**
 * What another party sent is not what the chainweb format says. Never worth a retry with the same bytes.
 */
export class ChainwebError extends Error {
  override readonly name: string = 'ChainwebError';
  readonly code: ChainwebErrorCode;
  readonly retry = false;

  constructor(code: ChainwebErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export class HeaderFormatError extends ChainwebError {
  override readonly name = 'HeaderFormatError';

  constructor(message: string, options?: { cause?: unknown }) {
    super('header-malformed', message, options);
  }
}

export class CutFormatError extends ChainwebError {
  override readonly name = 'CutFormatError';

  constructor(message: string, options?: { cause?: unknown }) {
    super('cut-malformed', message, options);
  }
}

export class CheckpointError extends ChainwebError {
  override readonly name = 'CheckpointError';

  constructor(message: string, options?: { cause?: unknown }) {
    super('checkpoint-invalid', message, options);
  }
}
