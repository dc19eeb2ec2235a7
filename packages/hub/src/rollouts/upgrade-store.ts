import type { JobState } from '#jobs/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { storableJson } from '../storable.ts';
import { type AssignmentState, FAILED, FLYING } from './assignment-state.ts';
import { runsIt } from './cargo-sql.ts';
import type { Rollout } from './rollout.ts';
import type { UpgradeJob, UpgradeWord } from './upgrade-word.ts';

/** Places that a job still has a say in: of ends, those that a late word corrects. */
const OPEN = [...FLYING, 'stuck', 'vanished', 'failed'];

export interface SettledPlace extends UpgradeWord {
  readonly nodeId: string;
  readonly from: AssignmentState;
}

/** Places of nodes in an upgrade of chainweb-node, beside their jobs. The job's id is what a place is asked under. */
export class UpgradeStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Jobs of places that are open, and how their nodes stand. */
  async jobs(rollout: Rollout): Promise<readonly UpgradeJob[]> {
    const sql = this.#sql;
    const rows = await sql<JobRow[]>`
      select r.node_id, r.state as place, r.assigned_at, r.deadline, j.state, j.acked, j.code, j.message,
        j.attempt < j.max_attempts as attempts_left, j.ended_at, coalesce(${runsIt(sql, rollout)}, false) as runs,
        coalesce(n.chainweb_version, '') as version, st.at_tip_at, st.last_seen
      from rollout_nodes r join jobs j on j.job_id = encode(r.assignment_id, 'hex')::uuid
      join nodes n on n.node_id = r.node_id left join node_status st on st.node_id = r.node_id
      where r.rollout_id = ${rollout.rolloutId} and r.state = any(${OPEN}::text[]) and r.assignment_id is not null`;
    return rows.map((row) => ({
      ...{ nodeId: row.node_id, place: row.place, state: row.state, acked: row.acked },
      ...{ code: row.code, message: row.message, attemptsLeft: row.attempts_left },
      ...{ runs: row.runs, version: row.version },
      assignedAt: row.assigned_at.getTime(),
      deadline: row.deadline.getTime(),
      endedAt: row.ended_at?.getTime(),
      atTipAt: row.at_tip_at?.getTime(),
      lastSeen: row.last_seen?.getTime(),
    }));
  }

  /** Each from the state that it was judged in. */
  async settle(rolloutId: string, places: readonly SettledPlace[], now: number): Promise<void> {
    if (places.length === 0) return;
    const at = new Date(now);
    const given = storableJson(
      places.map(({ nodeId, from, state, reason, deadline }) => ({
        ...{ node_id: nodeId, was: from, state, reason },
        deadline: new Date(deadline),
      })),
    );
    const settled = [...FAILED, 'refused'];
    await this.#sql`
      update rollout_nodes r set state = g.state, reason = g.reason, deadline = g.deadline,
        sent_at = case when g.state = 'waiting' then null else coalesce(r.sent_at, ${at}) end,
        assignment_id = case when g.state = 'waiting' then null else r.assignment_id end,
        confirmed_at = case when g.state = 'confirmed' then coalesce(r.confirmed_at, ${at}) else r.confirmed_at end,
        settled_at = case when g.state = any(${settled}::text[]) then ${at}::timestamptz end
      from json_to_recordset(${given}::text::json) as g(node_id text, was text, state text, reason text, deadline timestamptz)
      where r.rollout_id = ${rolloutId} and r.node_id = g.node_id and r.state = g.was`;
  }

  /** Assigned, and no job of theirs is under way. */
  async withoutJob(rolloutId: string): Promise<readonly string[]> {
    const rows = await this.#sql<{ node_id: string }[]>`
      select r.node_id from rollout_nodes r where r.rollout_id = ${rolloutId} and ${this.#idle()}`;
    return rows.map((row) => row.node_id);
  }

  /** @param jobs node id -> job id. */
  async given(rolloutId: string, jobs: ReadonlyMap<string, string>): Promise<void> {
    if (jobs.size === 0) return;
    const given = JSON.stringify([...jobs].map(([node_id, job_id]) => ({ node_id, job_id })));
    await this.#sql`
      update rollout_nodes r set assignment_id = uuid_send(g.job_id)
      from json_to_recordset(${given}::text::json) as g(node_id text, job_id uuid)
      where r.rollout_id = ${rolloutId} and r.node_id = g.node_id and r.state = 'assigned'
        and r.assignment_id is distinct from uuid_send(g.job_id)`;
  }

  /** What was assigned and has no job any more waits again. */
  async back(rolloutId: string): Promise<void> {
    await this.#sql`
      update rollout_nodes r set state = 'waiting', assignment_id = null
      where r.rollout_id = ${rolloutId} and ${this.#idle()}`;
  }

  #idle() {
    return this.#sql`r.state = 'assigned' and not exists (select from jobs j
      where j.job_id = encode(r.assignment_id, 'hex')::uuid and j.ended_at is null)`;
  }
}

interface JobRow {
  node_id: string;
  place: AssignmentState;
  assigned_at: Date;
  deadline: Date;
  state: JobState;
  acked: boolean;
  code: string;
  message: string;
  attempts_left: boolean;
  ended_at: Date | null;
  runs: boolean;
  version: string;
  at_tip_at: Date | null;
  last_seen: Date | null;
}
