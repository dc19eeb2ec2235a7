import type { Gauges, Heartbeat, Tip } from '@stoa/protocol';
import type { GateFrames } from './gate-frames.ts';
import type { LiveNode } from './live-node.ts';
import type { NodeSession } from './node-session.ts';
import { TipHashes } from './tip-hashes.ts';
import type { UptimeBook } from './uptime.ts';

export interface HeartbeatDeps {
  readonly uptime: UptimeBook;
  readonly gates: Pick<GateFrames, 'heartbeat' | 'tips'>;
  /** Told of the chains on which a node reports another tip than before. */
  readonly onTips: (session: NodeSession, chains: readonly number[]) => void;
  readonly onSample: (node: LiveNode, at: number, gauges: Gauges) => void;
}

/**
 * Liveness in memory: newest wins, and what changed waits for the next flush. A heartbeat is acknowledged once it is
 * stored, so no acknowledged minute is lost with the process.
 */
export class Heartbeats {
  readonly #deps: HeartbeatDeps;
  readonly #hashes = new TipHashes();
  #changed: NodeSession[] = [];
  #taken = 0;
  received = 0;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
  }

  heartbeat(session: NodeSession, beat: Heartbeat, now: number): void {
    const { node } = session;
    this.received += 1;
    node.gauges = beat.gauges;
    node.chainweb = beat.chainweb;
    node.skewMs = beat.sentAt - now;
    node.natIdleS = beat.natIdleS;
    this.tips(session, beat.tips);
    this.#deps.gates.heartbeat(session, beat, now);
    this.acknowledge(session, now);
    this.#deps.onSample(node, now, beat.gauges);
    session.owe(now);
  }

  /** A frame was answered: the minute counts, unless the node is quarantined. */
  acknowledge(session: NodeSession, now: number): void {
    if (!session.facts.quarantined) this.#deps.uptime.mark(session, now);
    this.touch(session);
  }

  tips(session: NodeSession, tips: readonly Tip[]): void {
    const changed: number[] = [];
    for (const tip of tips) if (session.node.setTip(tip, this.#hashes)) changed.push(tip.chain);
    if (changed.length > 0) {
      this.#deps.gates.tips(session, changed);
      this.#deps.onTips(session, changed);
    }
    this.touch(session);
  }

  /** The row of the session's node is written with the next flush. */
  touch(session: NodeSession): void {
    if (session.changed) return;
    session.changed = true;
    this.#changed.push(session);
  }

  /** Takes at most `count` sessions whose node's state changed since they were last taken, longest first. */
  takeChanged(count: number): NodeSession[] {
    const taken = this.#changed.slice(this.#taken, this.#taken + count);
    this.#taken += taken.length;
    if (this.#taken === this.#changed.length) {
      this.#changed = [];
      this.#taken = 0;
    }
    for (const session of taken) session.changed = false;
    return taken;
  }
}
