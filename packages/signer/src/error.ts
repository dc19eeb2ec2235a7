import { MINT_REFUSALS, type MintRefusalCode } from '#mint/refusal.ts';

export type SignerErrorCode =
  | MintRefusalCode
  | 'admin_key_not_listed'
  | 'admin_key_taken'
  | 'archive_damaged'
  | 'archive_for_others'
  | 'bad_argument'
  | 'bad_request'
  | 'bad_proof'
  | 'bad_public_key'
  | 'bad_rotation'
  | 'bad_certificate'
  | 'clock_leap'
  | 'directory_in_use'
  | 'directory_unusable'
  | 'disk_fault'
  | 'draft_refused'
  | 'file_missing'
  | 'instance_not_registered'
  | 'instance_taken'
  | 'journal_damaged'
  | 'journal_missing'
  | 'key_damaged'
  | 'key_exists'
  | 'key_exposed'
  | 'key_locked'
  | 'quota_exceeded'
  | 'rotation_conflict'
  | 'signature_refused'
  | 'signer_closed'
  | 'signer_fault'
  | 'signer_timeout'
  | 'signer_unreachable'
  | 'socket_unusable'
  | 'token_exhausted';

/** Whether the same call can succeed later without a person. */
const RETRY: Readonly<Record<SignerErrorCode, boolean>> = {
  ...MINT_REFUSALS,
  admin_key_not_listed: false,
  admin_key_taken: false,
  archive_damaged: false,
  archive_for_others: false,
  bad_argument: false,
  bad_request: false,
  bad_proof: false,
  bad_public_key: false,
  bad_rotation: false,
  bad_certificate: false,
  clock_leap: true,
  directory_in_use: false,
  directory_unusable: false,
  disk_fault: true,
  draft_refused: false,
  file_missing: false,
  instance_not_registered: false,
  instance_taken: false,
  journal_damaged: false,
  journal_missing: false,
  key_damaged: false,
  key_exists: false,
  key_exposed: false,
  key_locked: false,
  quota_exceeded: true,
  rotation_conflict: false,
  signature_refused: false,
  signer_closed: false,
  signer_fault: true,
  signer_timeout: true,
  signer_unreachable: true,
  socket_unusable: false,
  token_exhausted: false,
};

export interface SignerErrorOptions {
  cause?: unknown;
  /** Milliseconds after which the same call may succeed, where the signer knows. */
  retryAfterMs?: number;
}

/** Root of every error of this package; it crosses the socket with its code. No message ever carries a secret. */
export class SignerError extends Error {
  override readonly name = 'SignerError';
  readonly code: SignerErrorCode;
  readonly retry: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: SignerErrorCode, message: string, options: SignerErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retry = RETRY[code];
    this.retryAfterMs = options.retryAfterMs;
  }
}

export function isSignerErrorCode(text: string): text is SignerErrorCode {
  return Object.hasOwn(RETRY, text);
}
