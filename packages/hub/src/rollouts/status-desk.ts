import type { UpdateStatus } from '@stoa/protocol';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import type { AssignmentSender, UpdateSession } from './sender.ts';
import type { Said, StatusStore } from './status-store.ts';

/** Each session says it once, and a herd of them comes at once after a restart. */
const WINDOW = { windowMs: 20, maxItems: 500 };

/** Takes statuses as they come; what the node has not heard of yet is told it then. */
export class StatusDesk {
  readonly #said: Batcher<Said, void>;
  readonly #clock: Clock;

  constructor(by: {
    store: StatusStore;
    sender: AssignmentSender;
    clock: Clock;
    onSaid: (nodeIds: readonly string[]) => void;
  }) {
    this.#clock = by.clock;
    this.#said = new Batcher({ clock: by.clock, ...WINDOW }, async (all) => {
      await by.store.take(all);
      const nodeIds = all.map(({ nodeId }) => nodeId);
      await by.sender.tell(nodeIds);
      by.onSaid(nodeIds);
      return all.map(() => undefined);
    });
  }

  /** Resolves once it is stored. A copy of a node's disk has no say in what its original runs. */
  async updateStatus({ node, facts }: UpdateSession, status: UpdateStatus): Promise<void> {
    if (facts.quarantined) return;
    await this.#said.submit({ nodeId: node.nodeId, status, at: this.#clock.now() });
  }
}
