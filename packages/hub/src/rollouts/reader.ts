import type { KindName } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import { type AssignmentState, FAILED, FLYING } from './assignment-state.ts';
import type { PauseAll, PauseAllState } from './pause-all.ts';
import type { UpdateWish } from './plan/index.ts';
import type { CargoKind, Rollout } from './rollout.ts';
import type { RolloutStore } from './rollout-store.ts';

export interface StuckNode {
  readonly nodeId: string;
  readonly label: string;
  readonly owner: string;
  readonly ring: number;
  readonly state: AssignmentState;
  readonly attempt: number;
  /** Milliseconds since 1970; undefined while it was never asked. */
  readonly assignedAt: number | undefined;
  readonly reason: string;
  /** What runs there by its last word. */
  readonly version: string;
  readonly lastLines: readonly string[];
  /** Where its log is, of an upgrade of chainweb-node. */
  readonly jobId: string | undefined;
}

export interface NodeUpdateEnd {
  readonly at: number;
  readonly state: string;
  readonly target: string;
  readonly version: string;
  readonly reason: string;
  readonly detail: string;
  readonly lastLines: readonly string[];
}

/** A node's place in a rollout that is not over. */
export interface NodePlace {
  readonly rolloutId: string;
  readonly kind: CargoKind;
  readonly version: string;
  readonly rolloutState: Rollout['course']['state'];
  readonly atRing: number;
  readonly ring: number;
  readonly bucket: number;
  readonly state: AssignmentState;
  readonly reason: string;
  readonly security: boolean;
  readonly createdAt: number;
  /** Its owner was set aside. */
  readonly aside: boolean;
}

/** How a node keeps itself current, by its own last word. */
export interface NodeUpdate {
  readonly state: string;
  readonly since: number;
  readonly until: number | undefined;
  readonly reason: string;
  readonly detail: string;
  readonly lastLines: readonly string[];
  readonly target: string;
  readonly version: string;
  readonly slot: string;
  readonly runtime: string;
  readonly platform: string;
  readonly launcher: string;
  readonly updateOnly: boolean;
  readonly previous: readonly string[];
  /** Its agent and its host take the order to go back. */
  readonly rollsBack: boolean;
  readonly blacklist: readonly string[];
  readonly targetsVersion: number;
  readonly timestampAt: number | undefined;
  readonly wish: UpdateWish;
  readonly saidAt: number;
}

export interface VersionCount {
  readonly version: string;
  readonly state: string;
  readonly nodes: number;
}

const SHOWN = 200;
export const ROLLBACK: KindName = 'agent-rollback';

/** What pages and commands show of rollouts. Who may see it is the caller's to know. */
export class RolloutReader {
  readonly #sql: Sql;
  readonly #rollouts: RolloutStore;
  readonly #pauseAll: PauseAll;

  constructor(by: { sql: Sql; rollouts: RolloutStore; pauseAll: PauseAll }) {
    this.#sql = by.sql;
    this.#rollouts = by.rollouts;
    this.#pauseAll = by.pauseAll;
  }

  list(): Promise<readonly Rollout[]> {
    return this.#rollouts.list();
  }

  /** What stands at a gate that found it wanting: halted, or warned of where only a person halts it. */
  async halted(): Promise<readonly { rolloutId: string; label: string; since: number; reason: string }[]> {
    const open = await this.#rollouts.open();
    return open.flatMap(({ rolloutId, cargo, version, course, evidence }) => {
      const reason = course.state === 'halted' ? course.reason : evidence?.warning;
      const label = `The rollout of ${cargo.kind} ${version}`;
      return reason === undefined ? [] : [{ rolloutId, label, since: course.ringSince, reason }];
    });
  }

  find(rolloutId: string): Promise<Rollout | undefined> {
    return this.#rollouts.find(rolloutId);
  }

  pauseAll(): Promise<PauseAllState> {
    return this.#pauseAll.read();
  }

  /** What failed, and what has been at it for longer than an hour; the newest first. */
  async stuck(rolloutId: string, now: number): Promise<readonly StuckNode[]> {
    const sql = this.#sql;
    const rows = await sql<
      (Omit<StuckNode, 'assignedAt' | 'jobId'> & { assignedAt: Date | null; jobId: string | null })[]
    >`
      select r.node_id as "nodeId", coalesce(n.label, '') as label, r.owner, r.ring, r.state, r.attempt,
        r.assigned_at as "assignedAt", coalesce(nullif(r.reason, ''), case when o.batch_id is null then u.reason end, '') as reason,
        coalesce(case o.kind when 'chainweb' then n.chainweb_version when 'payload' then u.version else u.runtime end, '') as version,
        case when u.assignment_id = r.assignment_id then u.last_lines else '{}' end as "lastLines",
        case when o.batch_id is not null then (select j.job_id from jobs j
          where j.batch_id = o.batch_id and j.node_id = r.node_id) end as "jobId"
      from rollout_nodes r join rollouts o using (rollout_id) left join nodes n on n.node_id = r.node_id left join node_updates u on u.node_id = r.node_id
      where r.rollout_id = ${rolloutId} and (r.state = any(${[...FAILED]}::text[])
        or r.state = any(${[...FLYING]}::text[]) and r.assigned_at < ${new Date(now - 3_600_000)})
      order by coalesce(r.settled_at, r.assigned_at) desc, r.node_id limit ${SHOWN}`;
    return rows.map((row) => ({
      ...row,
      assignedAt: row.assignedAt?.getTime(),
      jobId: row.jobId ?? undefined,
    }));
  }

  /** Of one owner's nodes: what runs, and how their updates stand. */
  versions(owner: string): Promise<readonly VersionCount[]> {
    return this.#sql<VersionCount[]>`
      select u.version, u.state, count(*)::int as nodes from nodes n join node_updates u on u.node_id = n.node_id
      where n.owner = ${owner} and n.retired_at is null group by u.version, u.state order by nodes desc, u.version limit 50`;
  }

  async node(nodeId: string): Promise<NodeUpdate | undefined> {
    const [row] = await this.#sql<NodeRow[]>`
      select u.*, coalesce(${ROLLBACK} = any(w.runs), false) as rolls_back
      from node_updates u left join node_work w on w.node_id = u.node_id where u.node_id = ${nodeId}`;
    return row && toUpdate(row);
  }

  async places(nodeId: string): Promise<readonly NodePlace[]> {
    const rows = await this.#sql<(Omit<NodePlace, 'createdAt'> & { createdAt: Date })[]>`
      select o.rollout_id as "rolloutId", o.kind, o.version, o.state as "rolloutState", o.ring as "atRing", r.ring, r.bucket,
        r.state, r.reason, o.security, o.created_at as "createdAt",
        coalesce(o.evidence -> 'setAside' ? r.owner, false) as aside
      from rollout_nodes r join rollouts o using (rollout_id)
      where r.node_id = ${nodeId} and o.state <> 'aborted' order by o.created_at desc`;
    return rows.map((row) => ({ ...row, createdAt: row.createdAt.getTime() }));
  }

  async history(nodeId: string): Promise<readonly NodeUpdateEnd[]> {
    const rows = await this.#sql<(Omit<NodeUpdateEnd, 'at'> & { at: Date })[]>`
      select at, state, target, version, reason, detail, last_lines as "lastLines"
      from node_update_log where node_id = ${nodeId} order by at desc limit 50`;
    return rows.map((row) => ({ ...row, at: row.at.getTime() }));
  }
}

interface NodeRow {
  rolls_back: boolean;
  state: string;
  since: Date;
  until: Date | null;
  reason: string;
  detail: string;
  last_lines: string[];
  target: string;
  version: string;
  slot: string;
  runtime: string;
  platform: string;
  launcher: string;
  update_only: boolean;
  previous: string[];
  blacklist: string[];
  targets_version: bigint | number;
  timestamp_at: Date | null;
  channel: UpdateWish['channel'];
  pin: string;
  defer_until: Date | null;
  window: string;
  said_at: Date;
}

function toUpdate(row: NodeRow): NodeUpdate {
  const { state, reason, detail, target, version, slot, runtime, platform, launcher, previous, blacklist } =
    row;
  return {
    ...{ state, reason, detail, target, version, slot, runtime, platform, launcher, previous, blacklist },
    since: row.since.getTime(),
    until: row.until?.getTime(),
    lastLines: row.last_lines,
    updateOnly: row.update_only,
    rollsBack: row.rolls_back,
    targetsVersion: Number(row.targets_version),
    timestampAt: row.timestamp_at?.getTime(),
    wish: {
      channel: row.channel,
      pin: row.pin,
      chainwebPin: '',
      deferUntil: row.defer_until?.getTime() ?? 0,
      window: row.window,
    },
    saidAt: row.said_at.getTime(),
  };
}
