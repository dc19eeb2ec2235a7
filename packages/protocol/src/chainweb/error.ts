export type ChainwebErrorCode =
  | 'header_malformed'
  | 'cut_malformed'
  | 'checkpoint_invalid'
  | 'payload_malformed';

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
    super('header_malformed', message, options);
  }
}

export class CutFormatError extends ChainwebError {
  override readonly name = 'CutFormatError';

  constructor(message: string, options?: { cause?: unknown }) {
    super('cut_malformed', message, options);
  }
}

export class CheckpointError extends ChainwebError {
  override readonly name = 'CheckpointError';

  constructor(message: string, options?: { cause?: unknown }) {
    super('checkpoint_invalid', message, options);
  }
}

export class PayloadFormatError extends ChainwebError {
  override readonly name = 'PayloadFormatError';

  constructor(message: string, options?: { cause?: unknown }) {
    super('payload_malformed', message, options);
  }
}
