import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type Liveness, lateAfterMs } from './liveness.ts';

/** What the rule needs to know of a node. */
export interface Expirable {
  readonly nodeId: string;
  readonly owner: string;
  readonly site: string;
  readonly lastSeen: number;
}

const WINDOW_MS = 2 * 60_000;
const LEAST = { nodes: 20, owners: 3, networks: 2 };
/** Nodes of one owner that count, so that it takes more than his and two strangers' that happen to fail. */
const NODES_AN_OWNER = LEAST.nodes / 2;
/** A freeze ends by itself after this long: what is still silent then is offline. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * Many nodes of several owners in several networks falling silent together is an outage of ours or of the net between,
 * not of theirs (F03): their states are frozen and one alarm is raised. No owner and no network can cause it alone.
 */
export class MassExpiry {
  readonly name = 'mass-expiry';
  readonly periodMs = 5_000;
  readonly #nodes: () => Iterable<Expirable>;
  readonly #liveness: Liveness;
  readonly #silentAfterMs: number;
  readonly #clock: Clock;
  readonly #log: Log;
  #frozen: { since: number; nodeIds: ReadonlySet<string> } | undefined;

  constructor(by: {
    nodes: () => Iterable<Expirable>;
    liveness: Liveness;
    heartbeatMs: number;
    clock: Clock;
    log: Log;
  }) {
    this.#nodes = by.nodes;
    this.#liveness = by.liveness;
    this.#silentAfterMs = lateAfterMs(by.heartbeatMs);
    this.#clock = by.clock;
    this.#log = by.log;
  }

  /** What is frozen now, and since when. */
  get frozen(): { readonly since: number; readonly nodes: number } | undefined {
    return this.#frozen && { since: this.#frozen.since, nodes: this.#frozen.nodeIds.size };
  }

  tick(): void {
    if (this.#frozen === undefined) this.#watch();
    else this.#release(this.#frozen);
  }

  #watch(): void {
    const now = this.#clock.now();
    const silentAfter = this.#silentAfterMs;
    const fell: Expirable[] = [];
    for (const node of this.#nodes()) {
      const silentFor = now - node.lastSeen;
      if (silentFor > silentAfter && silentFor <= silentAfter + WINDOW_MS) fell.push(node);
    }
    if (!isMass(fell)) return;
    const since = Math.min(...fell.map((node) => node.lastSeen));
    this.#frozen = { since, nodeIds: new Set(fell.map((node) => node.nodeId)) };
    this.#liveness.freeze(since);
    this.#log.error(
      { alarm: 'mass-expiry', nodes: fell.length, since: new Date(since) },
      'many nodes fell silent together: their states are frozen',
    );
  }

  #release(frozen: { since: number; nodeIds: ReadonlySet<string> }): void {
    const now = this.#clock.now();
    let silent = 0;
    for (const node of this.#nodes())
      if (frozen.nodeIds.has(node.nodeId) && now - node.lastSeen > this.#silentAfterMs) silent += 1;
    if (silent >= LEAST.nodes && now - frozen.since < LONGEST_MS) return;
    this.#frozen = undefined;
    this.#liveness.thaw();
    this.#log.warn(
      { alarm: 'mass-expiry', silent },
      'the frozen nodes are back: states follow their heartbeats again',
    );
  }
}

export function isMass(nodes: readonly Expirable[]): boolean {
  const byOwner = new Map<string, number>();
  for (const { owner } of nodes) byOwner.set(owner, (byOwner.get(owner) ?? 0) + 1);
  let counted = 0;
  for (const count of byOwner.values()) counted += Math.min(count, NODES_AN_OWNER);
  const networks = new Set(nodes.map((node) => node.site)).size;
  return counted >= LEAST.nodes && byOwner.size >= LEAST.owners && networks >= LEAST.networks;
}
