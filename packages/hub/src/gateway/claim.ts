/** What the database knows of a node's last session. */
export interface SessionRecord {
  readonly epoch: number;
  readonly bootId: string;
  /** Newest first. */
  readonly previousBootIds: readonly string[];
  readonly ratchetCurrent: Uint8Array;
  readonly ratchetPrevious: Uint8Array | undefined;
  /**
   * The current secret is on the node's disk: it said so, or the session goes on, as far as is known, and the node was
   * heard in it for long.
   */
  readonly settled: boolean;
}

export interface Claimant {
  readonly bootId: string;
  /** Which ratchet secret the Hello proved. */
  readonly proof: 'current' | 'previous' | undefined;
}

export type ClaimVerdict =
  | {
      readonly kind: 'fresh' | 'resumed' | 'restored';
      readonly epoch: number;
      readonly previousBootIds: readonly string[];
    }
  /** A -> B -> A: two processes are alive with the same identity; this one is named and so is the other. */
  | {
      readonly kind: 'live-clone';
      readonly epoch: number;
      readonly previousBootIds: readonly string[];
      readonly other: string;
    }
  /** A copy of an older state of the data directory: it alone is quarantined, the incumbent is not touched. */
  | { readonly kind: 'stale-copy' };

/** Epochs of one restore generation: the generation in the high bits makes every epoch after a restore the highest. */
export const EPOCHS_PER_GENERATION = 2 ** 32;
const BOOT_IDS_KEPT = 8;

/**
 * Decides who holds a node's session (F07, F08). The hub assigns epochs; what the agent reports is no input.
 *
 * A process restart has a boot id that was never seen and proves the current ratchet (or the previous one, if its last
 * Welcome was lost): resumed. A boot id that was replaced before and comes back is a second living process. A proof of
 * neither secret is a copy that was left behind; and so is a proof of the previous one by a stranger once the current one is
 * on the node's disk: it would take the session, and make the node look like the copy. A node that cannot store says
 * nothing, and goes on proving what it has. After a restore of the database the stored secrets are older than the nodes'
 * own, so the first to come in a new generation is taken without proof.
 */
export function decideClaim(
  record: SessionRecord | undefined,
  claimant: Claimant,
  generation: number,
): ClaimVerdict {
  const first = generation * EPOCHS_PER_GENERATION + 1;
  if (record === undefined) return { kind: 'fresh', epoch: first, previousBootIds: [] };
  const epoch = Math.max(record.epoch + 1, first);
  const seen = record.previousBootIds.filter((id) => id !== claimant.bootId);
  const previousBootIds =
    record.bootId === claimant.bootId
      ? seen
      : [record.bootId, ...seen.filter((id) => id !== record.bootId)].slice(0, BOOT_IDS_KEPT);
  if (record.epoch < first - 1) return { kind: 'restored', epoch, previousBootIds };
  if (claimant.proof === undefined) return { kind: 'stale-copy' };
  if (record.bootId !== claimant.bootId && record.previousBootIds.includes(claimant.bootId))
    return { kind: 'live-clone', epoch, previousBootIds, other: record.bootId };
  if (claimant.proof === 'previous' && record.bootId !== claimant.bootId && record.settled)
    return { kind: 'stale-copy' };
  return { kind: 'resumed', epoch, previousBootIds };
}
