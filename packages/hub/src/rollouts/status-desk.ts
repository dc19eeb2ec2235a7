import { LIMITS, type UpdateStatus } from '@stoa/protocol';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import type { AssignmentSender, UpdateSession } from './sender.ts';
import type { Said, StatusStore } from './status-store.ts';

/** Each session says it once, and a herd of them comes at once after a restart. */
const WINDOW = { windowMs: 20, maxItems: 500 };
const MINUTE_MS = 60_000;

/** What a session has said within its minute. */
interface Minute {
  readonly since: number;
  readonly count: number;
}

/**
 * Takes statuses as they come. What the node has not heard of yet is told it at its session's first word and never again in
 * that session: a node that answers with something else would be told, and answer, without end.
 */
export class StatusDesk {
  readonly #said: Batcher<Said & { readonly first: boolean }, void>;
  readonly #clock: Clock;
  readonly #minutes = new WeakMap<UpdateSession, Minute>();
  /** The newest word of those who have said too much, until their minute is over. */
  readonly #held = new WeakMap<UpdateSession, UpdateStatus>();

  constructor(by: {
    store: Pick<StatusStore, 'take'>;
    sender: Pick<AssignmentSender, 'tell'>;
    clock: Clock;
    onSaid: (nodeIds: readonly string[]) => void;
  }) {
    this.#clock = by.clock;
    this.#said = new Batcher({ clock: by.clock, ...WINDOW }, async (all) => {
      await by.store.take(all);
      const fresh = all.flatMap(({ nodeId, first }) => (first ? [nodeId] : []));
      if (fresh.length > 0) await by.sender.tell(fresh);
      by.onSaid(all.map(({ nodeId }) => nodeId));
      return all.map(() => undefined);
    });
  }

  /**
   * Resolves once it is stored, or a newer one stands in for it: of a session that says more than a node ever has to, the
   * newest word counts once its minute is over. A copy of a node's disk has no say in what its original runs.
   */
  async updateStatus(session: UpdateSession, status: UpdateStatus): Promise<void> {
    if (session.facts.quarantined) return;
    const now = this.#clock.now();
    const before = this.#minutes.get(session);
    const held = before !== undefined && now < before.since + MINUTE_MS ? before : undefined;
    if (held !== undefined && held.count >= LIMITS.updateStatusesPerMinute)
      return this.#hold(session, status, held.since + MINUTE_MS - now);
    this.#held.delete(session);
    this.#minutes.set(session, { since: held?.since ?? now, count: (held?.count ?? 0) + 1 });
    await this.#said.submit({
      ...{ nodeId: session.node.nodeId, status, at: now },
      first: before === undefined,
    });
  }

  async #hold(session: UpdateSession, status: UpdateStatus, ms: number): Promise<void> {
    const waits = this.#held.has(session);
    this.#held.set(session, status);
    if (waits) return;
    await new Promise<void>((resolve) => void this.#clock.after(ms, resolve));
    const newest = this.#held.get(session);
    this.#held.delete(session);
    if (newest !== undefined) await this.updateStatus(session, newest);
  }
}
