import { UNKNOWN_U16, UNKNOWN_U32 } from '@stoa/protocol';
import type { Bus } from '../bus.ts';
import { atTip, TIP_WITHIN } from '../nodes/state.ts';
import type { Corroboration, VerifiedSet } from '../tips/index.ts';
import type { Heartbeats } from './heartbeats.ts';
import { CHAINS, type LiveNode } from './live-node.ts';
import type { NodeStatusRow, StatusStore } from './status-store.ts';

/** Rows a flush: the most that one commit is worth waiting for; `Upsert` lets frames in between every 500. */
const ROWS = 2_000;
/** Flushes of one tick, so that a backlog is worked off without starving the rest. */
const FLUSHES_PER_TICK = 4;
/** What a `smallint` column holds: one value past it would fail the whole batch, again and again. */
const SMALLINT = 32_767;

/** Writes what changed in memory to `node_status`, in batches, and tells the pages. A failed flush is tried again. */
export class StatusFlush {
  readonly name = 'status-flush';
  readonly periodMs = 250;
  readonly #heartbeats: Heartbeats;
  readonly #store: StatusStore;
  readonly #set: VerifiedSet;
  readonly #corroboration: Corroboration;
  readonly #bus: Bus;

  constructor(by: {
    heartbeats: Heartbeats;
    store: StatusStore;
    set: VerifiedSet;
    corroboration: Corroboration;
    bus: Bus;
  }) {
    this.#heartbeats = by.heartbeats;
    this.#store = by.store;
    this.#set = by.set;
    this.#corroboration = by.corroboration;
    this.#bus = by.bus;
  }

  async tick(): Promise<void> {
    for (let i = 0; i < FLUSHES_PER_TICK; i += 1) if (!(await this.#flush())) return;
  }

  /** Writes all that waits: the last act of a shutdown. */
  async drain(): Promise<void> {
    while (await this.#flush());
  }

  /** Returns false where nothing was left to write. */
  async #flush(): Promise<boolean> {
    const nodes = this.#heartbeats.takeDirty(ROWS);
    if (nodes.length === 0) return false;
    try {
      await this.#store.flush(nodes.map((node) => this.#row(node)));
    } catch (error) {
      for (const node of nodes) this.#heartbeats.touch(node);
      throw error;
    }
    this.#bus.publish('nodes', { ids: nodes.map((node) => node.nodeId) });
    return true;
  }

  #row(node: LiveNode): NodeStatusRow {
    const { gauges } = node;
    const { lag, forked } = this.#standing(node);
    if (atTip({ lag: lag ?? undefined, forked, chainweb: node.chainweb })) node.atTipAt = node.lastSeen;
    return {
      nodeId: node.nodeId,
      epoch: BigInt(node.epoch),
      lastSeen: node.lastSeen,
      tips: node.tips,
      cpu: gauges === undefined || gauges.cpuPermille === UNKNOWN_U16 ? null : gauges.cpuPermille / 1000,
      memory: share(gauges?.memUsedMb, gauges?.memTotalMb),
      disk: share(used(gauges?.diskTotalMb, gauges?.diskFreeMb), gauges?.diskTotalMb),
      load: gauges === undefined || gauges.loadCenti === UNKNOWN_U16 ? null : gauges.loadCenti / 100,
      diskFree:
        gauges === undefined || gauges.diskFreeMb === UNKNOWN_U32 ? null : gauges.diskFreeMb * 2 ** 20,
      peers: gauges === undefined || gauges.peers === UNKNOWN_U16 ? null : Math.min(gauges.peers, SMALLINT),
      rttMs: gauges === undefined || gauges.rttMs === UNKNOWN_U16 ? null : gauges.rttMs,
      lag,
      forked,
      chainweb: node.chainweb,
      skewMs: node.skewMs,
      natIdleS: node.natIdleS,
      atTipAt: node.atTipAt === 0 ? null : node.atTipAt,
    };
  }

  /**
   * The worst chain's lag against the head that gates refer to; null where a tip is not verified. A tip off the winning
   * branch is a fork only once the branch has outrun it: about one block in fifty is an orphan for a moment.
   */
  #standing(node: LiveNode): { lag: number | null; forked: boolean } {
    const chains = this.#set.lag(node.reportedTips(), this.#corroboration.heads());
    const known = chains.length === CHAINS && chains.every((chain) => chain.lag !== null);
    return {
      lag: known ? Math.min(SMALLINT, Math.max(...chains.map((chain) => chain.lag ?? 0))) : null,
      forked: chains.some((chain) => chain.state === 'forked' && (chain.lag ?? 0) > TIP_WITHIN),
    };
  }
}

function used(total: number | undefined, free: number | undefined): number | undefined {
  return total === undefined || free === undefined || total === UNKNOWN_U32 || free === UNKNOWN_U32
    ? undefined
    : total - free;
}

function share(part: number | undefined, whole: number | undefined): number | null {
  if (
    part === undefined ||
    whole === undefined ||
    part === UNKNOWN_U32 ||
    whole === UNKNOWN_U32 ||
    whole === 0
  )
    return null;
  return part / whole;
}
