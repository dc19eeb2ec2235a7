import type { UpdateState } from '@stoa/protocol';

/**
 * A node in a rollout. Ends are marked.
 *
 * waiting: nothing was asked of it. already: it runs the version, nobody had to ask (end).
 * assigned … trying: as the node tells (`UpdateState`), with a deadline. deferred: by its owner, for 14 days at most, or
 *   because it is busy with another update; then waiting again.
 * confirmed: runs the new version (end, unless it vanishes while it is young).
 * rolled-back, failed: as the node tells (ends). stuck: not at an end by its deadline, and heard. vanished: not heard (ends,
 *   which a late word of the node still corrects).
 * refused: it can't take it, which is no fault of the release (end). recalling: the rollout halted before it began; then
 *   waiting again. given-up: by a person (end).
 */
export const FLYING = ['assigned', 'downloading', 'staged', 'draining', 'trying'] as const;
/** What has not changed anything on the node yet: it can be taken back. */
export const RECALLABLE = ['assigned', 'deferred', 'downloading', 'staged'] as const;
export const FAILED = ['rolled-back', 'failed', 'stuck', 'vanished'] as const;
export const ASSIGNMENT_STATES = [
  'waiting',
  'already',
  'deferred',
  ...FLYING,
  'confirmed',
  ...FAILED,
  'refused',
  'recalling',
  'given-up',
] as const;
export type AssignmentState = (typeof ASSIGNMENT_STATES)[number];

/** From being assigned to an end; a node that defers tells, and has 14 days. */
export const DEADLINE_MS: number = 2 * 3_600_000;
/** Not heard for so long, a node is silent: four missed heartbeats at the slowest, and a reconnect. */
export const SILENT_MS: number = 10 * 60_000;

/** What the hub makes of a node's word about its assignment; undefined: it says nothing new about it. */
export function told(state: UpdateState): AssignmentState | undefined {
  switch (state) {
    case 'idle':
      return undefined;
    // Taken back, by the rollout or on the host: it may be asked again.
    case 'cancelled':
      return 'waiting';
    default:
      return state;
  }
}
