import { SignerError } from '#error.ts';
import type { SlidingWindow } from '#journal/sliding-window.ts';

/** What a region's signer signs at most, whatever a hub asks: a hub that was taken over is bounded by these. */
export interface SignerPolicy {
  readonly enrolmentsPerHour: number;
  /** Over the whole life of one join token. */
  readonly enrolmentsPerToken: number;
  readonly rotationsPerHour: number;
  readonly refusalsPerHour: number;
  /** For each instance. One renews about every two days. */
  readonly instanceCertsPerDay: number;
  /** For each listed admin. One renews every two weeks. */
  readonly adminCertsPerDay: number;
}

export const DEFAULT_POLICY: SignerPolicy = {
  enrolmentsPerHour: 10_000,
  enrolmentsPerToken: 5_000,
  rotationsPerHour: 2_000,
  refusalsPerHour: 500,
  instanceCertsPerDay: 24,
  adminCertsPerDay: 8,
};

/** @throws SignerError `bad_argument` for an unknown name or a value that is no count. */
export function parsePolicy(value: object): SignerPolicy {
  for (const [name, limit] of Object.entries(value)) {
    if (!Object.hasOwn(DEFAULT_POLICY, name))
      throw new SignerError(
        'bad_argument',
        `policy '${name}' is unknown (expected ${Object.keys(DEFAULT_POLICY).join(', ')})`,
      );
    if (!(Number.isSafeInteger(limit) && limit >= 0))
      throw new SignerError(
        'bad_argument',
        `policy ${name} is ${JSON.stringify(limit)} (expected a count of 0 or more)`,
      );
  }
  return { ...DEFAULT_POLICY, ...value };
}

export interface Quota {
  /** Named in the error: "enrolments". */
  readonly what: string;
  readonly limit: number;
  readonly window: SlidingWindow;
}

/** @throws SignerError `quota_exceeded`, with the time until one more act fits. */
export function requireQuota({ what, limit, window }: Quota, now: number): void {
  if (window.count(now) < limit) return;
  const retryAfterMs = (window.freeAt(limit) ?? now + window.windowMs) - now;
  throw new SignerError(
    'quota_exceeded',
    `the signer's policy allows ${limit} ${what} in ${window.windowMs / 3_600_000} h: try again in ${Math.ceil(retryAfterMs / 60_000)} min`,
    { retryAfterMs },
  );
}
