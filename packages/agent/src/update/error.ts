import { AgentError } from '#error.ts';

export type UpdateCode =
  /** No mirror gave what was asked for. */
  | 'mirrors_silent'
  /** Signed metadata is older than what this node has seen (F18, F19), or than the assignment names. */
  | 'metadata_older'
  /** Its time is over: nothing is updated by it (F17). */
  | 'metadata_expired'
  /** Signatures, form or hashes do not hold. */
  | 'metadata_bad'
  /** The same version of targets with other bytes than the assignment names: somebody shows two faces. */
  | 'targets_differ'
  | 'no_target'
  | 'no_room'
  | 'download_slow'
  | 'download_too_large'
  | 'download_mismatch'
  | 'download_failed'
  | 'patch_failed'
  /** The launcher or its installer, named in the message. */
  | 'install_failed'
  | 'no_previous'
  /** Another update is under way, and too far to make way. */
  | 'busy'
  | 'by_hand';

const RETRY: ReadonlySet<UpdateCode> = new Set([
  'mirrors_silent',
  'metadata_older',
  'metadata_expired',
  'metadata_bad',
  'download_slow',
  'download_failed',
  'busy',
]);

/** Why an update does not go on; what runs goes on. */
export class UpdateError extends AgentError<UpdateCode> {
  override readonly name = 'UpdateError';

  constructor(code: UpdateCode, message: string, cause?: unknown) {
    super(code, message, { retry: RETRY.has(code), cause });
  }
}
