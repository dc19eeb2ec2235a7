import { type NodeAccess, requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { HttpError } from '../http-error.ts';
import {
  type Liveness,
  type NetworkHeads,
  nodeContext,
  type SqlFragment,
  selectorSql,
  summaryTables,
} from '../nodes/index.ts';
import { printSelector, type Selector } from '../selector/index.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import { type ActName, actOf, type Doing } from './acts.ts';

export interface BulkRequest {
  readonly act: ActName;
  readonly selector: Selector;
  /** Empty where the act takes none. */
  readonly tag: string;
}

export interface Share {
  readonly name: string;
  readonly nodes: number;
}

/** What an act would touch, counted by the very condition that it acts by. */
export interface BlastRadius {
  /** Nodes of the selector that the viewer may see. */
  readonly found: number;
  /** Of these, nodes that would change: the viewer may do it, and it isn't so already. */
  readonly nodes: number;
  readonly owners: number;
  /** The owner, where it is one. */
  readonly owner: string | undefined;
  readonly regions: readonly Share[];
  readonly versions: readonly Share[];
  readonly sample: readonly { readonly nodeId: string; readonly label: string }[];
}

export interface BulkDeps {
  readonly sql: Sql;
  readonly access: NodeAccess;
  readonly audit: Pick<AuditLog, 'append' | 'nameSubjects'>;
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
  readonly liveness: Liveness;
  readonly heads: Pick<NetworkHeads, 'heads'>;
}

/** Changed in one transaction: a region of nodes holds no lock for long. */
const BATCH = 500;
const SAMPLE = 12;
const SHARES = 8;

/** One act on all nodes that a selector finds: what it would touch is told first, then it is audited once, then done in batches. */
export class BulkActs {
  readonly #deps: BulkDeps;

  constructor(deps: BulkDeps) {
    this.#deps = deps;
  }

  async radius(viewer: Viewer, request: BulkRequest): Promise<BlastRadius> {
    const { sql, access } = this.#deps;
    const { selected, changes } = this.#conditions(viewer, request);
    const [[found], groups, sample] = await Promise.all([
      sql<{ count: number }[]>`select count(*)::int as count from ${summaryTables(sql)}
        where ${selected} and ${access.visible(viewer)}`,
      sql<
        {
          region: string | null;
          version: string | null;
          whole: number;
          nodes: number;
          owners: number;
          owner: string | null;
        }[]
      >`
        select n.region, n.agent_version as version, grouping(n.region, n.agent_version) as whole, count(*)::int as nodes,
          count(distinct n.owner)::int as owners, min(n.owner) as owner
        from ${summaryTables(sql)} where ${changes} group by grouping sets ((n.region), (n.agent_version), ())`,
      sql<{ node_id: string; label: string }[]>`select n.node_id, n.label from ${summaryTables(sql)}
        where ${changes} order by n.label || '', n.node_id limit ${SAMPLE}`,
    ]);
    const whole = groups.find((row) => row.whole === 3);
    const shares = (kind: number, name: (row: (typeof groups)[number]) => string) =>
      groups
        .filter((row) => row.whole === kind)
        .map((row) => ({ name: name(row), nodes: row.nodes }))
        .sort((a, b) => b.nodes - a.nodes)
        .slice(0, SHARES);
    return {
      found: found?.count ?? 0,
      nodes: whole?.nodes ?? 0,
      owners: whole?.owners ?? 0,
      owner: whole?.owners === 1 ? (whole.owner ?? undefined) : undefined,
      regions: shares(1, (row) => row.region ?? ''),
      versions: shares(2, (row) => row.version ?? 'unknown'),
      sample: sample.map(({ node_id, label }) => ({ nodeId: node_id, label })),
    };
  }

  /**
   * Does it, where it touches no more nodes than were shown.
   * @returns nodes that changed.
   * @throws {HttpError} `confirm_first`, `radius_grew`.
   */
  async run(viewer: Viewer, request: BulkRequest, shown: number): Promise<number> {
    const { audit, bus, clock } = this.#deps;
    const act = actOf(request.act);
    if (act.fresh) requireFresh(viewer, clock.now());
    const radius = await this.radius(viewer, request);
    if (radius.nodes > shown)
      throw new HttpError(409, 'radius_grew', `It would change ${radius.nodes} nodes by now, not ${shown}.`, {
        fix: 'Look at it again, then confirm what you see.',
      });
    const { seq } = await audit.append({
      actor: viewer.email,
      act: `node.${request.act}`,
      subject: radius.nodes === 1 ? (radius.sample[0]?.nodeId ?? '') : '',
      ...(radius.owner && { owner: radius.owner }),
      detail: {
        selector: printSelector(request.selector),
        nodes: radius.nodes,
        ...(act.tagged && { tag: request.tag }),
      },
    });
    let changed = 0;
    let after: string | undefined = '';
    while (after !== undefined) {
      const ids: readonly string[] = await this.#batch(viewer, request, { after, seq });
      changed += ids.length;
      if (ids.length > 0) bus.publish('nodes', { ids });
      after = ids.length === BATCH ? ids.at(-1) : undefined;
    }
    return changed;
  }

  /** In the order of node ids: what a batch changed may no longer be found by the selector. */
  async #batch(
    viewer: Viewer,
    request: BulkRequest,
    { after, seq }: { after: string; seq: number },
  ): Promise<string[]> {
    const { sql, audit } = this.#deps;
    const { changes, doing } = this.#conditions(viewer, request);
    return sql.begin(async (tx) => {
      const rows = await tx<{ node_id: string }[]>`
        with m as materialized (select n.node_id, n.tags from ${summaryTables(sql)}
          where n.node_id > ${after} and ${changes} order by n.node_id limit ${BATCH} for update of n)
        update nodes n set ${actOf(request.act).set(sql, doing)} from m where n.node_id = m.node_id
        returning n.node_id`;
      const ids = rows.map((row) => row.node_id).sort();
      await audit.nameSubjects(tx, seq, ids);
      return ids;
    });
  }

  #conditions(
    viewer: Viewer,
    request: BulkRequest,
  ): { selected: SqlFragment; changes: SqlFragment; doing: Doing } {
    const { sql, access, clock, liveness, heads } = this.#deps;
    const act = actOf(request.act);
    const doing = { tag: request.tag, now: new Date(clock.now()), admin: isAtLeast(viewer, 'ancient') };
    const selected = selectorSql(request.selector, nodeContext({ sql, at: liveness.at(), heads }), 'exact');
    const changes = sql`${selected} and ${access.allowed(viewer, act.role)} and ${act.changes(sql, doing)}`;
    return { selected, changes, doing };
  }
}
