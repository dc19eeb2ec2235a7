import { fromHex, toHex, type UpdateAssignment } from '@stoa/protocol';

/** One update that somebody wants of this node. Its id is obeyed once (F10). */
export interface Goal {
  /** Hex. */
  readonly id: string;
  /** Who wants it: a rollout of the hub, or this host's own user. */
  readonly by: 'hub' | 'host';
  readonly act: 'install' | 'rollback';
  readonly kind: 'payload' | 'runtime';
  /** 'a.b.c'; empty with a `rollback` to the newest that is kept before what runs. */
  readonly version: string;
  /** Version and SHA-256 (hex) of the targets that it was drawn from; 0 and empty where the newest will do. */
  readonly targetsVersion: number;
  readonly targetsSha256: string;
  /** ms since 1970. */
  readonly notBefore: number;
  readonly deadline: number;
  /** As the assignment names them; see `mirror.ts`. */
  readonly mirrors: readonly string[];
  /** Neither window nor spread. */
  readonly now: boolean;
}

/**
 * @param aheadMs by how much this node's proven time is ahead of the hub's that gave the times: where two hubs differ, what
 *   one gives two hours for is not past by the other. @throws TypeError for `cancel`, which is no goal.
 */
export function goalOf(assignment: UpdateAssignment, aheadMs = 0): Goal {
  const { id, act, targetsSha256, mirrors, notBefore, deadline, ...rest } = assignment;
  if (act === 'cancel') throw new TypeError('a cancel wants nothing');
  return {
    ...rest,
    notBefore: Math.max(0, notBefore + aheadMs),
    deadline: Math.max(0, deadline + aheadMs),
    act,
    id: toHex(id),
    by: 'hub',
    targetsSha256: toHex(targetsSha256),
    mirrors: [...mirrors],
  };
}

/** As the status frame names it. */
export function assignmentIdOf(goal: Goal | undefined): Uint8Array | undefined {
  return goal?.by === 'hub' ? fromHex(goal.id) : undefined;
}
