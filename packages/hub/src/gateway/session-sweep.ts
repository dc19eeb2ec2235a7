import { CLOSE } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { LiveNode } from './live-node.ts';
import type { LiveNodes } from './live-nodes.ts';
import type { NodeSession } from './node-session.ts';
import type { SessionStore } from './session-store.ts';
import type { SessionTable } from './session-table.ts';

export interface SessionSweepDeps {
  readonly sessions: SessionTable;
  readonly nodes: LiveNodes;
  readonly store: SessionStore;
  readonly clock: Clock;
  /** A person turned the node away while its session stood. */
  readonly refuse: (session: NodeSession, why: 'refused' | 'retired') => Promise<void>;
}

/** Rows of a statement. */
const ROWS = 1_000;
/** Nodes a tick that are held against the database: all of them, on an instance of up to so many. */
const REVIEWED = 2_000;

/**
 * Ends sessions that must not go on: those whose peer is dead, and those that the database no longer
 * knows, since another hub has a newer one or the node was turned away. Records what ended, and forgets who went elsewhere
 * after its session here had ended: missed here it would be one of many that seem to fall silent together (F03).
 *
 * A review by asking, not by being told: what a lost notification would hide shows at the next round.
 */
export class SessionSweep {
  readonly name = 'session-sweep';
  readonly periodMs = 1_000;
  readonly #deps: SessionSweepDeps;
  #ended: { nodeId: string; epoch: number }[] = [];
  #round: Iterator<LiveNode> | undefined;

  constructor(deps: SessionSweepDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { sessions, nodes, clock } = this.#deps;
    const now = clock.now();
    for (const session of sessions.all())
      if (session.isDead(now)) session.link.close(CLOSE.deadPeer, 'nothing heard for 2.5 ping intervals');
    nodes.sweep(now, (nodeId) => sessions.get(nodeId) !== undefined);
    await this.record();
    await this.#review();
  }

  /** The session is over, here and for the database: marked with the next tick. */
  ended(nodeId: string, epoch: number): void {
    this.#ended.push({ nodeId, epoch });
  }

  /** Marks all that ended; what could not be marked stays for the next time. */
  async record(): Promise<void> {
    while (this.#ended.length > 0) {
      const ended = this.#ended.slice(0, ROWS);
      await this.#deps.store.end(ended, new Date(this.#deps.clock.now()));
      this.#ended = this.#ended.slice(ended.length);
    }
  }

  async #review(): Promise<void> {
    const { sessions, nodes, store, refuse } = this.#deps;
    const held = this.#next();
    const asked = Array.from(held, ([nodeId, epoch]) => ({ nodeId, epoch }));
    for (const { nodeId, why } of await store.overruled(asked)) {
      const session = sessions.get(nodeId);
      // Meanwhile it may have come back.
      if (session !== undefined && session.facts.epoch !== held.get(nodeId)) continue;
      nodes.forget(nodeId);
      if (session === undefined) continue;
      if (why === 'replaced')
        session.link.close(CLOSE.replaced, 'a newer session of this node on another hub');
      else await refuse(session, why);
    }
  }

  /** Those whose turn it is, node and epoch of its last session here. */
  #next(): Map<string, number> {
    const held = new Map<string, number>();
    this.#round ??= this.#deps.nodes.all();
    while (held.size < REVIEWED) {
      const { value, done } = this.#round.next();
      if (done === true) {
        this.#round = undefined;
        break;
      }
      held.set(value.nodeId, value.epoch);
    }
    return held;
  }
}
