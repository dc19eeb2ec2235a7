import { GATES, isKindName, kindOf, ProtocolError, parseParams } from '@stoa/protocol';
import type { NodeHour } from '#gates/index.ts';
import type { DonationOutcome } from '#ledger/index.ts';

/**
 * `waits` for the receiver's warm-up; `paid`; or why not: what the ledger says, `unknown`: no node of the region made this seed
 * before, `at-tip`: the receiver had not lost its chain, `cold`: it did not warm up within 30 days, `no-account`: the donor
 * named none in that time.
 */
export type DonationState = 'waits' | DonationOutcome | 'unknown' | 'at-tip' | 'cold' | 'no-account';

const TIP = GATES.indexOf('tip');

/** In which the receiver must not have been at the tip: who gives up a day of it gives up more than a donation is worth. */
export const LOST_HOURS = 24;
/** A warm-up takes as long, so nothing earlier can be the end of one that began after the reseed. */
export const WARM_UP_HOURS = 24;
export const WAITS_HOURS = 30 * 24;

/** Whether the hub saw the node at the tip, whatever its other gates were. */
export function wasAtTip(hours: readonly Pick<NodeHour, 'supported' | 'unjudged' | 'failures'>[]): boolean {
  return hours.some(({ supported, unjudged, failures }) => (supported & ~unjudged & ~failures[TIP]!) !== 0n);
}

/** The hash of the seed that a reseed took. @returns undefined where the job is of a form that this hub doesn't know. */
export function seedOf(params: string): string | undefined {
  const kind = 'stoachain-reseed';
  if (!isKindName(kind)) return undefined;
  try {
    return String(parseParams(kindOf(kind).parameters, params)['sha256']);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
