const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export interface Ring {
  readonly name: string;
  /** Who is in it, for people. */
  readonly of: string;
  /** Nodes whose bucket is below it are in this ring or an earlier one; 0: drawn by other means. */
  readonly below: number;
  /** How long it is watched once all of it has answered. */
  readonly soakMs: number;
}

/** In the order in which they open. The soaks of 1 and 2 give each node its three looks (`tally.ts`). */
export const RINGS = [
  { name: 'ours', of: 'our own nodes', below: 0, soakMs: 30 * MINUTE_MS },
  { name: 'volunteers', of: 'nodes that asked to be early', below: 0, soakMs: HOUR_MS },
  { name: '1 %', of: 'the first 1 % by hash', below: 0.01, soakMs: HOUR_MS },
  { name: '5 %', of: 'the first 5 % by hash', below: 0.05, soakMs: 24 * HOUR_MS },
  { name: '25 %', of: 'the first 25 % by hash', below: 0.25, soakMs: HOUR_MS },
  { name: 'all', of: 'everybody else', below: 1, soakMs: HOUR_MS },
] as const satisfies readonly Ring[];

export const LAST_RING: number = RINGS.length - 1;

/**
 * Rings whose evidence is one: alone, none of them holds enough voices to tell 3 % from 0.3 % (docs/decisions/rollout-gate.md).
 */
export const LAST_CANARY_RING = 2;

export const OWN_RING = 0;
export const VOLUNTEER_RING = 1;
/** Our own nodes beyond it are drawn as everybody's: ring 0 is a first look, not a fleet. */
export const MOST_OWN = 20;
/** With fewer volunteers the ring is filled up from the lowest buckets, one an owner. */
export const FEWEST_VOLUNTEERS = 5;
export const MOST_VOLUNTEERS = 50;

/** @param bucket H(targets hash || nodeId) as a share of 1: nobody can choose it before the release is signed. */
export function hashRing(bucket: number): number {
  const ring = RINGS.findIndex(({ below }) => bucket < below);
  return ring === -1 ? LAST_RING : ring;
}

/** The rings whose nodes speak for the gate of this one. */
export function ringsJudged(ring: number): { readonly from: number; readonly to: number } {
  return ring <= LAST_CANARY_RING ? { from: OWN_RING, to: ring } : { from: ring, to: ring };
}
