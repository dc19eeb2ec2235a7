import { HubError } from '../error.ts';

export type ReleaseErrorCode =
  | 'root_unknown'
  | 'root_differs'
  | 'release_incomplete'
  | 'release_refused'
  | 'release_differs'
  | 'release_older'
  | 'release_current'
  | 'release_unknown'
  | 'online_key_missing'
  | 'publisher_elsewhere'
  | 'mirror_unreachable';

/** A release that is not published: what is wrong with it, and what to do. */
export class ReleaseError extends HubError<ReleaseErrorCode> {
  override readonly name = 'ReleaseError';
  constructor(code: ReleaseErrorCode, message: string, options: { retry?: boolean; cause?: unknown } = {}) {
    super(code, message, { retry: options.retry ?? false, cause: options.cause });
  }
}
