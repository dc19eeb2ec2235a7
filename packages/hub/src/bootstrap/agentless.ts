import { type NodeAccess, requireFresh } from '#accounts/index.ts';
import type { Act, AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { SshTarget, SshUse } from '#seams/ssh-pool/index.ts';
import { placeOf } from '#seams/ssh-pool/index.ts';
import type { Clock } from '../clock.ts';
import { notFound } from '../http-error.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import { BootstrapError } from './error.ts';

const DAY_MS = 24 * 3_600_000;
export const LONGEST_MARK_MS = 90 * DAY_MS;

/** Times are milliseconds since 1970. */
export interface AgentlessMark {
  readonly reason: string;
  readonly setBy: string;
  readonly setAt: number;
  readonly endsAt: number;
}

/**
 * Which nodes the hub may reach over SSH for routine probes: those that an admin marked, until the mark ends, and that have
 * no agent. Everything else is refused here, before a packet is sent.
 */
export class Agentless {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #audit: AuditLog;
  readonly #access: NodeAccess;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'>; audit: AuditLog; access: NodeAccess }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#audit = by.audit;
    this.#access = by.access;
  }

  /** @param by.ms how long it holds. @throws HttpError `not_found`, `confirm_first`. */
  async mark(viewer: Viewer, nodeId: string, by: { ms: number; reason: string }): Promise<void> {
    await this.#require(viewer, nodeId);
    const now = this.#clock.now();
    const endsAt = new Date(now + Math.min(by.ms, LONGEST_MARK_MS));
    const detail = { reason: by.reason, until: endsAt.toISOString() };
    await this.#sql.begin(async (tx) => {
      await this.#audit.appendIn(tx, { actor: viewer.email, act: 'node.agentless', subject: nodeId, detail });
      await tx`insert into agentless_marks (node_id, reason, set_by, set_at, ends_at)
        values (${nodeId}, ${by.reason}, ${viewer.email}, ${new Date(now)}, ${endsAt})
        on conflict (node_id) do update set reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at,
          ends_at = excluded.ends_at`;
    });
  }

  /** The mark of a node, also one that has ended. */
  async of(nodeId: string): Promise<AgentlessMark | undefined> {
    const [row] = await this.#sql<{ reason: string; set_by: string; set_at: Date; ends_at: Date }[]>`
      select reason, set_by, set_at, ends_at from agentless_marks where node_id = ${nodeId}`;
    if (row === undefined) return undefined;
    const { reason, set_by: setBy, set_at: setAt, ends_at: endsAt } = row;
    return { reason, setBy, setAt: setAt.getTime(), endsAt: endsAt.getTime() };
  }

  async unmark(viewer: Viewer, nodeId: string): Promise<void> {
    await this.#require(viewer, nodeId);
    await this.#sql.begin(async (tx) => {
      await this.#audit.appendIn(tx, { actor: viewer.email, act: 'node.agentless-end', subject: nodeId });
      await tx`delete from agentless_marks where node_id = ${nodeId}`;
    });
  }

  /** Nodes whose mark holds and whose agent was never heard of since, with how to reach them. */
  async due(): Promise<readonly (SshTarget & { nodeId: string; owner: string; keyId: string })[]> {
    return await this.#sql<(SshTarget & { nodeId: string; owner: string; keyId: string })[]>`
      select distinct on (m.node_id) m.node_id as "nodeId", n.owner, a.host, a.port, a.login as user, a.key_id as "keyId"
      from agentless_marks m join nodes n using (node_id) join ssh_access a using (node_id)
      where ${this.#holds()} and a.key_id is not null order by m.node_id, a.created_at desc`;
  }

  /** Writes what a connection is for into the audit log. @throws BootstrapError `not_agentless`. */
  async record(use: SshUse, target: SshTarget): Promise<void> {
    const act: Act = {
      ...{ actor: use.actor, act: 'ssh.use', subject: use.subject },
      ...(use.owner !== undefined && { owner: use.owner }),
      detail: { reason: use.reason, place: `${target.user}@${placeOf(target)}` },
    };
    if (use.routine !== true) {
      await this.#audit.append(act);
      return;
    }
    const today = new Date(this.#clock.now()).toISOString().slice(0, 10);
    await this.#sql.begin(async (tx) => {
      const [mark] = await tx<{ polled_on: string }[]>`
        select m.polled_on from agentless_marks m join nodes n using (node_id)
        where m.node_id = ${use.subject} and ${this.#holds()} for update of m`;
      if (mark === undefined)
        throw new BootstrapError(
          'not_agentless',
          `node ${use.subject} is not marked as agentless: no routine reaches it over SSH`,
          { retry: false },
        );
      if (mark.polled_on === today) return;
      await tx`update agentless_marks set polled_on = ${today} where node_id = ${use.subject}`;
      await this.#audit.appendIn(tx, act);
    });
  }

  /** Over m (marks) and n (nodes). A node whose agent spoke since the mark was set has an agent. */
  #holds() {
    return this.#sql`m.ends_at > ${new Date(this.#clock.now())} and n.retired_at is null
      and not exists (select 1 from node_status s where s.node_id = m.node_id and s.last_seen > m.set_at)`;
  }

  async #require(viewer: Viewer, nodeId: string): Promise<void> {
    if (!isAtLeast(viewer, 'ancient') || !(await this.#access.may(viewer, nodeId, 'owner')))
      throw notFound(`Node ${nodeId}`);
    requireFresh(viewer, this.#clock.now());
  }
}
