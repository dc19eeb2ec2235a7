import { HubError } from '../error.ts';

export type BackupErrorCode =
  | 'backup_damaged'
  | 'backup_locked'
  | 'backup_newer'
  | 'file_too_large'
  | 'file_unreadable'
  | 'not_a_backup'
  | 'target_in_data'
  | 'target_not_empty'
  | 'weak_passphrase';

/** None of them goes away by itself. */
export class BackupError extends HubError<BackupErrorCode> {
  override readonly name = 'BackupError';
  constructor(code: BackupErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, { retry: false, ...options });
  }
}
