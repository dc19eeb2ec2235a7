import type { Sql } from '#seams/db-adapter/index.ts';
import type { NodeAccess } from '../accounts/index.ts';
import type { Viewer } from '../viewer.ts';
import type { Liveness } from './liveness.ts';
import { searchSql } from './search.ts';
import type { StateName } from './state.ts';
import { stateSql } from './state-sql.ts';

export interface Suggestion {
  readonly nodeId: string;
  readonly label: string;
  readonly state: StateName;
}

const SHOWN = 8;
/** Of a short beginning that thousands of nodes share, any eight will do: no more of them are sorted than this. */
const LOOKED_AT = 400;

/** The first few nodes that a text finds, for whoever types it. */
export class NodeSuggestions {
  readonly #by: { readonly sql: Sql; readonly access: NodeAccess; readonly liveness: Liveness };

  constructor(by: { sql: Sql; access: NodeAccess; liveness: Liveness }) {
    this.#by = by;
  }

  async find(viewer: Viewer, text: string): Promise<readonly Suggestion[]> {
    const { sql, access, liveness } = this.#by;
    const rows = await sql<{ node_id: string; label: string; state: StateName }[]>`
      select n.node_id, n.label, ${stateSql(sql, liveness.at())} as state
      from (select * from nodes n where n.retired_at is null and ${searchSql(sql, text)} and ${access.visible(viewer)}
        limit ${LOOKED_AT}) n left join node_status s using (node_id)
      order by n.label, n.node_id limit ${SHOWN}`;
    return rows.map(({ node_id, label, state }) => ({ nodeId: node_id, label, state }));
  }
}
