import type { Gauges, Heartbeat, Tip } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { LiveNode } from './live-node.ts';
import type { NodeSession } from './node-session.ts';

/** Told of each tip that a node reports anew. */
export type TipListener = (session: NodeSession, chain: number) => void;

/** Liveness in memory: newest wins, and what changed waits for the next flush. */
export class Heartbeats {
  readonly #clock: Clock;
  readonly #onTip: TipListener;
  readonly #onSample: (node: LiveNode, at: number, gauges: Gauges) => void;
  #dirty: LiveNode[] = [];
  received = 0;

  constructor(by: {
    clock: Clock;
    onTip: TipListener;
    onSample: (node: LiveNode, at: number, gauges: Gauges) => void;
  }) {
    this.#clock = by.clock;
    this.#onTip = by.onTip;
    this.#onSample = by.onSample;
  }

  heartbeat(session: NodeSession, beat: Heartbeat): void {
    const now = this.#clock.now();
    const { node } = session;
    this.received += 1;
    node.gauges = beat.gauges;
    node.chainweb = beat.chainweb;
    node.skewMs = beat.sentAt - now;
    node.natIdleS = beat.natIdleS;
    this.tips(session, beat.tips);
    if (!session.facts.quarantined) node.minutes.mark(now);
    this.#onSample(node, now, beat.gauges);
    session.send('heartbeatAck', { hubTime: now });
  }

  tips(session: NodeSession, tips: readonly Tip[]): void {
    for (const tip of tips) if (session.node.setTip(tip)) this.#onTip(session, tip.chain);
    this.touch(session.node);
  }

  /** The node's row is written with the next flush. */
  touch(node: LiveNode): void {
    if (node.dirty) return;
    node.dirty = true;
    this.#dirty.push(node);
  }

  /** Takes at most `count` nodes whose state changed since they were last taken. */
  takeDirty(count: number): LiveNode[] {
    const taken = this.#dirty.splice(0, count);
    for (const node of taken) node.dirty = false;
    return taken;
  }
}
