/** Of an owner's nodes, and of a site's, at most this share is in the middle of an update at once; one always may. */
export const SHARE_AT_ONCE = 0.2;

export function mostAtOnce(nodes: number): number {
  return Math.max(1, Math.floor(nodes * SHARE_AT_ONCE));
}

export interface Candidate {
  readonly nodeId: string;
  readonly owner: string;
  /** Coarse network; empty where it is not known. */
  readonly site: string;
}

/** How many more of an owner or a site may begin. */
export type Rooms = ReadonlyMap<string, number>;

/**
 * The first `most` candidates whose owner and site have room, in their order. Whoever has no entry has room for one, as the
 * smallest owner has; nodes of unknown site are bound by their owner alone.
 */
export function withinLimits<C extends Candidate>(
  candidates: readonly C[],
  by: { readonly most: number; readonly owners: Rooms; readonly sites: Rooms },
): readonly C[] {
  const owners = new Map(by.owners);
  const sites = new Map(by.sites);
  const chosen: C[] = [];
  for (const candidate of candidates) {
    if (chosen.length >= by.most) break;
    const { owner, site } = candidate;
    const ofOwner = owners.get(owner) ?? 1;
    const ofSite = site === '' ? Number.POSITIVE_INFINITY : (sites.get(site) ?? 1);
    if (ofOwner <= 0 || ofSite <= 0) continue;
    owners.set(owner, ofOwner - 1);
    if (site !== '') sites.set(site, ofSite - 1);
    chosen.push(candidate);
  }
  return chosen;
}
