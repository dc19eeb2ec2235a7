const RETRY = {
  /** Not the form that this product writes, byte for byte. */
  malformed: false,
  too_large: false,
  /** Fewer valid signatures of distinct keys than the role asks for. */
  not_signed: false,
  /** A root that is not the next one, or that does not hold what a root here must hold. */
  bad_root: false,
  /** Older than what was seen before: another mirror may have the newer one (F18). */
  rolled_back: true,
  /** A release whose floor, or whose content, lies below what is allowed. */
  below_floor: false,
  /** Updates stop; nothing else does (F17). */
  expired: true,
  /** Not the file that the snapshot or the timestamp names: a mirror between two releases, or a forged one. */
  mismatch: true,
} as const;

export type ReleaseErrorCode = keyof typeof RETRY;

/** Metadata of releases that does not hold. `retry`: whether a later attempt, or another mirror, may do better. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
  readonly code: ReleaseErrorCode;
  readonly retry: boolean;

  constructor(code: ReleaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retry = RETRY[code];
  }
}
