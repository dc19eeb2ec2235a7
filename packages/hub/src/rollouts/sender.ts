import { type Decoded, type HUB_FRAMES, hasCapability, toHex, type UpdateAssignment } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { PauseAll } from './pause-all.ts';
import { NOTICE_MS } from './plan/index.ts';
import type { ReleaseKind } from './rollout.ts';

/** What rollouts need of a session of the gateway. */
export interface UpdateSession {
  readonly node: { readonly nodeId: string };
  readonly facts: { readonly capabilities: number; readonly quarantined: boolean };
  send(name: 'updateAssignment', value: Decoded<(typeof HUB_FRAMES)['updateAssignment']>): void;
}

/** The sessions of this instance. */
export interface UpdateSessions {
  get(nodeId: string): UpdateSession | undefined;
  all(): Iterable<UpdateSession>;
}

interface PendingRow {
  node_id: string;
  assignment_id: Uint8Array;
  act: UpdateAssignment['act'];
  kind: ReleaseKind;
  version: string;
  targets_version: number;
  targets_sha256: Uint8Array;
  assigned_at: Date;
  deadline: Date;
  security: boolean;
  created_at: Date;
}

/** The hub serves what it has published itself; the node asks it last of all who may serve it. */
const MIRRORS = ['/releases/'];
const AT_ONCE = 1_000;
/** How long a node is told that what a person gave up has ended. */
const TOLD_MS = 3_600_000;

/**
 * Hands assignments to the sessions of this instance. Nothing goes out that the database does not let out in the same
 * statement: a rollout that stands still, or PAUSE ALL, holds back what was assigned before.
 */
export class AssignmentSender {
  readonly #sql: Sql;
  readonly #sessions: UpdateSessions;
  readonly #pauseAll: PauseAll;
  readonly #clock: { now(): number };

  constructor(by: { sql: Sql; sessions: UpdateSessions; pauseAll: PauseAll; clock: { now(): number } }) {
    this.#sql = by.sql;
    this.#sessions = by.sessions;
    this.#pauseAll = by.pauseAll;
    this.#clock = by.clock;
  }

  /** @param nodeIds undefined: everybody with a session here. */
  async tell(nodeIds: readonly string[] | undefined): Promise<void> {
    const ids = nodeIds ?? Array.from(this.#sessions.all(), ({ node }) => node.nodeId);
    const here = ids.filter((nodeId) => this.#capable(nodeId) !== undefined);
    for (let i = 0; i < here.length; i += AT_ONCE) await this.#tellSome(here.slice(i, i + AT_ONCE));
  }

  async #tellSome(nodeIds: readonly string[]): Promise<void> {
    const sent: string[] = [];
    for (const row of await this.#pending(nodeIds)) {
      const session = this.#capable(row.node_id);
      if (session === undefined) continue;
      session.send('updateAssignment', toFrame(row, this.#clock.now()));
      if (row.act === 'install') sent.push(toHex(row.assignment_id));
    }
    if (sent.length > 0)
      await this.#sql`update rollout_nodes set sent_at = ${new Date(this.#clock.now())}
        where node_id = any(${[...nodeIds]}::text[]) and encode(assignment_id, 'hex') = any(${sent}::text[])
          and sent_at is null`;
  }

  /** What a node has shown already is not sent again: one id is obeyed once (F10). */
  #pending(nodeIds: readonly string[]): Promise<readonly PendingRow[]> {
    const sql = this.#sql;
    const now = this.#clock.now();
    return sql<PendingRow[]>`
      select r.node_id, r.assignment_id, case r.state when 'assigned' then 'install' else 'cancel' end as act, o.kind,
        o.version, o.targets_version, o.targets_sha256, r.assigned_at, r.deadline, o.security, o.created_at
      from rollout_nodes r join rollouts o using (rollout_id) left join node_updates u on u.node_id = r.node_id
      where r.node_id = any(${[...nodeIds]}::text[]) and r.assignment_id is not null and o.batch_id is null
        and (r.state = 'assigned' and r.deadline > ${new Date(now)} and u.assignment_id is distinct from r.assignment_id
            and o.state in ('running', 'complete') and ${this.#pauseAll.runs()}
          or r.state = 'recalling'
          or r.state = 'given-up' and r.settled_at > ${new Date(now - TOLD_MS)} and u.assignment_id = r.assignment_id
            and u.until is not null)`;
  }

  #capable(nodeId: string): UpdateSession | undefined {
    const session = this.#sessions.get(nodeId);
    if (session === undefined || session.facts.quarantined) return undefined;
    return hasCapability(session.facts.capabilities, 'updates') ? session : undefined;
  }
}

function toFrame(row: PendingRow, now: number): UpdateAssignment {
  return {
    id: new Uint8Array(row.assignment_id),
    act: row.act,
    kind: row.kind,
    version: row.version,
    targetsVersion: row.targets_version,
    targetsSha256: new Uint8Array(row.targets_sha256),
    notBefore: row.assigned_at.getTime(),
    deadline: row.deadline.getTime(),
    mirrors: MIRRORS,
    now: row.security && now >= row.created_at.getTime() + NOTICE_MS,
  };
}
