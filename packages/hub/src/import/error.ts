import { HubError } from '../error.ts';

export type ImportErrorCode = 'import_refused';

/** Goes away when the file is mended, not by itself. */
export class ImportError extends HubError<ImportErrorCode> {
  override readonly name = 'ImportError';
  constructor(code: ImportErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { retry: false, ...options });
  }
}
