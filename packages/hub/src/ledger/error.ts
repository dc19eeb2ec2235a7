import { HubError } from '../error.ts';

export type LedgerErrorCode =
  | 'adjustment_unknown'
  | 'ledger_locked'
  | 'not_enough'
  | 'same_person'
  | 'dump_damaged'
  | 'ledger_differs';

export class LedgerError extends HubError<LedgerErrorCode> {
  override readonly name = 'LedgerError';
  constructor(code: LedgerErrorCode, message: string, options: { retry?: boolean; cause?: unknown } = {}) {
    super(code, message, { retry: false, ...options });
  }
}
