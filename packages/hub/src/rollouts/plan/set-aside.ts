import { credible } from './gate.ts';
import { LAST_CANARY_RING } from './ring.ts';
import type { Tally } from './tally.ts';

/** An owner of whose nodes in the whole fleet this share failed is left alone for the rest of the rollout. */
const OF_ALL = 0.25;

/**
 * Owners whose nodes get nothing more of this release until a person says otherwise: their failures are not enough to
 * halt it, and may be their own. In the early rings any failure does it, later a quarter of what the owner has.
 * @param all nodes of an owner in the fleet.
 */
export function setAside(by: {
  readonly ring: number;
  readonly tally: Pick<Tally, 'failing' | 'ownFailed'>;
  readonly all: (owner: string) => number;
}): readonly string[] {
  const { ring, tally, all } = by;
  const early = ring <= LAST_CANARY_RING && !credible(tally);
  return tally.failing
    .filter(({ owner, failed }) => early || (failed > 1 && failed >= OF_ALL * all(owner)))
    .map(({ owner }) => owner);
}
