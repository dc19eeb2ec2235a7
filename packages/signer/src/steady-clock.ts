import { LIMITS } from '@stoa/protocol';
import { SignerError } from '#error.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** Longer than this a signer is silent only when a person knows of it: by then every instance certificate has ended. */
export const MAX_LEAP_MS: number = LIMITS.instanceCertMs;

/**
 * The signer's time: the machine's clock, held back by what was signed before. Agents never forget a signed time, so
 * it stands still while the clock is behind, and it does not follow a clock that leaps ahead.
 * @throws SignerError `clock_leap`.
 */
export function steadyNow(clock: Clock, last: number): number {
  const now = clock.now();
  if (now - last > MAX_LEAP_MS)
    throw new SignerError(
      'clock_leap',
      `this machine's clock says ${iso(now)}; the signer's last act was at ${iso(last)}. If the clock is right, run 'signer clock accept' once; if not, set it right: a signed time can never be taken back`,
    );
  return Math.max(now, last);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
