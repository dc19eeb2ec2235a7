import { setImmediate as nextTurn } from 'node:timers/promises';
import { UNKNOWN_U16, UNKNOWN_U32 } from '@stoa/protocol';
import type { Bus } from '../bus.ts';
import { atTip, TIP_WITHIN } from '../nodes/index.ts';
import type { Corroboration, VerifiedSet } from '../tips/index.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { NodeSession } from './node-session.ts';
import type { NodeStatusRow, StatusStore } from './status-store.ts';
import { CHAINS } from './tip-hashes.ts';
import type { UptimeBook } from './uptime.ts';
import type { UptimeStore } from './uptime-store.ts';

/** Rows a flush: the most that one commit is worth waiting for. */
const ROWS = 2_000;
/** Rows made in one go: more would hold the event loop for longer than a frame may wait. */
const ROWS_A_TURN = 500;
/** Flushes of one tick, so that a backlog is worked off without starving the rest. */
const FLUSHES_PER_TICK = 4;
/** What a `smallint` column holds: one value past it would fail the whole batch, again and again. */
const SMALLINT = 32_767;

export interface StatusFlushDeps {
  readonly heartbeats: Heartbeats;
  readonly uptime: UptimeBook;
  readonly statuses: StatusStore;
  readonly words: UptimeStore;
  readonly set: VerifiedSet;
  readonly corroboration: Corroboration;
  readonly bus: Bus;
}

/**
 * Writes what changed in memory, node states and acknowledged minutes, in batches; then tells the agents, whose
 * heartbeats are acknowledged by that, and the pages. A failed flush is tried again, and nobody is told meanwhile.
 */
export class StatusFlush {
  readonly name = 'status-flush';
  readonly periodMs = 250;
  readonly #deps: StatusFlushDeps;

  constructor(deps: StatusFlushDeps) {
    this.#deps = deps;
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
    const { heartbeats, bus } = this.#deps;
    const sessions = heartbeats.takeChanged(ROWS);
    if (sessions.length === 0) return false;
    const written = await Promise.allSettled([this.#writeStates(sessions), this.#writeMinutes()]);
    const failed = written.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      for (const session of sessions) heartbeats.touch(session);
      throw failed.reason;
    }
    for (const session of sessions) session.settle();
    bus.publish('nodes', { ids: sessions.map((session) => session.node.nodeId) });
    return true;
  }

  async #writeStates(sessions: readonly NodeSession[]): Promise<void> {
    const rows: NodeStatusRow[] = [];
    for (let from = 0; from < sessions.length; from += ROWS_A_TURN) {
      if (from > 0) await nextTurn();
      for (const session of sessions.slice(from, from + ROWS_A_TURN)) rows.push(this.#row(session));
    }
    await this.#deps.statuses.flush(rows);
  }

  /** All minutes that wait: those of the sessions taken are among them, since a minute and its state change together. */
  async #writeMinutes(): Promise<void> {
    const { uptime, words } = this.#deps;
    const changed = uptime.take();
    try {
      await words.write(changed);
    } catch (error) {
      uptime.giveBack(changed);
      throw error;
    }
  }

  #row({ node, facts }: NodeSession): NodeStatusRow {
    const { gauges } = node;
    const { lag, forked } = this.#standing(node);
    if (atTip({ lag: lag ?? undefined, forked, chainweb: node.chainweb })) node.atTipAt = node.lastSeen;
    return {
      nodeId: node.nodeId,
      epoch: BigInt(facts.epoch),
      lastSeen: node.lastSeen,
      tips: node.packedTips(),
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
  #standing(node: NodeSession['node']): { lag: number | null; forked: boolean } {
    const { set, corroboration } = this.#deps;
    const chains = set.lag(node.reportedTips(), corroboration.heads());
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
