import type { PendingQuery, Row } from 'postgres';
import type { Sql } from '#seams/db-adapter/index.ts';
import { type Audience, audienceOf, EVERYTHING, isAtLeast, type Viewer } from '../viewer.ts';

/** What somebody may do with a node, each including the ones before: look, work it, own it. */
export const NODE_ROLES = ['viewer', 'operator', 'owner'] as const;
export type NodeRole = (typeof NODE_ROLES)[number];

/**
 * Who may do what with which node: its owner everything, an Ancient Admin everything, others what it is shared for.
 * What one may not see is answered as if it was not there.
 */
export class NodeAccess {
  readonly #sql: Sql;

  constructor({ sql }: { sql: Sql }) {
    this.#sql = sql;
  }

  /** A condition over the alias n (nodes). */
  visible(viewer: Viewer): PendingQuery<Row[]> {
    return this.visibleTo(audienceOf(viewer));
  }

  visibleTo(audience: Audience): PendingQuery<Row[]> {
    const sql = this.#sql;
    if (audience === EVERYTHING) return sql`true`;
    // As a set, and not `owner = … or …`: both halves are read by their index, however many nodes there are.
    return sql`n.node_id in (select own.node_id from nodes own where own.owner = ${audience}
      union all select sh.node_id from node_shares sh where sh.email = ${audience})`;
  }

  /** A condition over the alias n: nodes with which the viewer may do what `role` may. */
  allowed(viewer: Viewer, role: NodeRole): PendingQuery<Row[]> {
    const sql = this.#sql;
    if (audienceOf(viewer) === EVERYTHING) return sql`true`;
    const roles = NODE_ROLES.slice(NODE_ROLES.indexOf(role));
    return sql`n.node_id in (select own.node_id from nodes own where own.owner = ${viewer.email}
      union all select sh.node_id from node_shares sh where sh.email = ${viewer.email} and sh.role = any(${roles}::text[]))`;
  }

  /** The nodes of `ids` with which the viewer may do what `role` may; order is not kept. */
  async among(viewer: Viewer, ids: readonly string[], role: NodeRole = 'viewer'): Promise<readonly string[]> {
    if (ids.length === 0) return [];
    const sql = this.#sql;
    const rows = await sql<{ node_id: string; role: NodeRole }[]>`
      select n.node_id, case when n.owner = ${viewer.email} or ${isAtLeast(viewer, 'ancient')} then 'owner' else sh.role end as role
      from nodes n left join node_shares sh on sh.node_id = n.node_id and sh.email = ${viewer.email}
      where n.node_id = any(${[...ids]}::text[]) and ${this.visible(viewer)}`;
    const least = NODE_ROLES.indexOf(role);
    return rows.filter((row) => NODE_ROLES.indexOf(row.role) >= least).map((row) => row.node_id);
  }

  async may(viewer: Viewer, nodeId: string, role: NodeRole): Promise<boolean> {
    return (await this.among(viewer, [nodeId], role)).length === 1;
  }
}
