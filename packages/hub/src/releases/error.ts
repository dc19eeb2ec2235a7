import { HubError } from '../error.ts';

export type PublishErrorCode =
  /** No root is trusted here yet. */
  | 'root_unknown'
  /** Another root is trusted here. */
  | 'root_differs'
  /** Metadata or a target's file is not there. */
  | 'release_incomplete'
  /** Nodes would refuse it. */
  | 'release_refused'
  /** Another content was published under this version. */
  | 'release_differs'
  | 'release_older'
  | 'release_unknown'
  /** It is in force: the next one must be published first. */
  | 'release_in_force'
  /** The root names other keys for snapshot and timestamp than this region holds. */
  | 'online_key_missing'
  /** This region mirrors another, which publishes. */
  | 'publishes_elsewhere'
  | 'mirror_failed';

/** A release that is not published, or not served: what was found, and what to do. What was served before still is. */
export class PublishError extends HubError<PublishErrorCode> {
  override readonly name = 'PublishError';

  constructor(code: PublishErrorCode, message: string, options: { retry?: boolean; cause?: unknown } = {}) {
    super(code, message, { retry: options.retry ?? false, cause: options.cause });
  }
}
