import type { UpdateStatus } from '@stoa/protocol';
import type { NodeSession } from './node-session.ts';

/**
 * Who takes what nodes say of their updates: `rollouts/`. Assignments go out by `session.send('updateAssignment', …)`, to
 * sessions whose `facts.capabilities` have `updates`. The promise resolves once the status is stored.
 */
export interface UpdateFrames {
  updateStatus(session: NodeSession, status: UpdateStatus): Promise<void>;
}
