import { decideKind, isGuarded, type KindName, kindOf, needsOrder, parseLocalPolicy } from '@stoa/protocol';
import type { NodeAccess } from '#accounts/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import {
  type Liveness,
  type NetworkHeads,
  nodeContext,
  type SqlFragment,
  selectorSql,
  stateSql,
  summaryTables,
} from '../nodes/index.ts';
import type { Selector } from '../selector/index.ts';
import type { Viewer } from '../viewer.ts';
import { attemptsAt } from './attempts.ts';

export interface Share {
  readonly name: string;
  readonly nodes: number;
}

/** Why a node that the selector finds gets no job. */
export const LEFT_OUT = {
  not_yours: 'not yours to work on',
  retired: 'retired',
  refused: 'refused',
  quarantined: 'quarantined',
  silent: 'have never said what they can do',
  unreadable: 'have a local policy that cannot be read',
  unsupported: 'have an agent that does not know this kind',
  forbidden: 'forbid it by their local policy',
  not_their_admin: 'take it from their owner, or from an admin whose key their local policy names',
} as const;
export type LeftOut = keyof typeof LEFT_OUT;

/** What a submit would do, counted by the very condition that it submits by. */
export interface JobPlan {
  /** Nodes of the selector that the viewer may see. */
  readonly found: number;
  /** Of these, nodes that would get the job. */
  readonly nodes: number;
  readonly owners: number;
  /** The owner, where it is one. */
  readonly owner: string | undefined;
  readonly regions: readonly Share[];
  readonly versions: readonly Share[];
  readonly sample: readonly { readonly nodeId: string; readonly label: string }[];
  /** Of these, nodes that are not connected now: their jobs wait. */
  readonly offline: number;
  readonly leftOut: readonly { readonly reason: LeftOut; readonly nodes: number }[];
  /** Lines of local policies that forbid it, with how many nodes have them. */
  readonly rules: readonly Share[];
  /** Whose key must sign; undefined: no order is needed. */
  readonly order: 'owner-or-admin' | 'owner' | undefined;
  readonly maxAttempts: number;
  /** So many nodes take a second approver. */
  readonly needsApproval: boolean;
}

export interface JobTarget {
  readonly kind: KindName;
  readonly selector: Selector;
  /** E-mail of whose key signs the order. Undefined where nobody has said yet: then no node is left out for it. */
  readonly signer?: string | undefined;
}

export interface PlannerDeps {
  readonly sql: Sql;
  readonly access: NodeAccess;
  readonly liveness: Liveness;
  readonly heads: Pick<NetworkHeads, 'heads'>;
}

const SAMPLE = 12;
const SHARES = 8;

interface GroupRow {
  region: string | null;
  version: string | null;
  whole: number;
  nodes: number;
  owners: number;
  owner: string | null;
  offline: number;
}

/** Finds the nodes of a submit and says what it would touch. */
export class JobPlanner {
  readonly #deps: PlannerDeps;

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
  }

  async plan(viewer: Viewer, target: JobTarget, approvalAbove: number): Promise<JobPlan> {
    const { sql, access, liveness } = this.#deps;
    const { selected, reason } = this.#conditions(viewer, target);
    const runs = sql`${selected} and ${access.visible(viewer)} and ${reason} = 'runs'`;
    const tables = this.#tables();
    const offline = sql`${stateSql(sql, liveness.at())} in ('offline', 'new')`;
    const [reasons, groups, sample, policies] = await Promise.all([
      sql<{ reason: LeftOut | 'runs'; nodes: number }[]>`select ${reason} as reason, count(*)::int as nodes
        from ${tables} where ${selected} and ${access.visible(viewer)} group by 1`,
      sql<
        GroupRow[]
      >`select n.region, n.agent_version as version, grouping(n.region, n.agent_version) as whole,
          count(*)::int as nodes, count(distinct n.owner)::int as owners, min(n.owner) as owner,
          count(*) filter (where ${offline})::int as offline
        from ${tables} where ${runs} group by grouping sets ((n.region), (n.agent_version), ())`,
      sql<{ node_id: string; label: string }[]>`select n.node_id, n.label from ${tables}
        where ${runs} order by n.label || '', n.node_id limit ${SAMPLE}`,
      sql<{ policy: string; nodes: number }[]>`select w.policy, count(*)::int as nodes from ${tables}
        where ${selected} and ${access.visible(viewer)} and ${reason} = 'forbidden'
        group by w.policy order by nodes desc limit ${SHARES}`,
    ]);
    const whole = groups.find((row) => row.whole === 3);
    const nodes = whole?.nodes ?? 0;
    const kind = kindOf(target.kind);
    return {
      found: reasons.reduce((sum, row) => sum + row.nodes, 0),
      nodes,
      owners: whole?.owners ?? 0,
      owner: whole?.owners === 1 ? (whole.owner ?? undefined) : undefined,
      regions: shares(groups, 1, (row) => row.region ?? ''),
      versions: shares(groups, 2, (row) => row.version ?? 'unknown'),
      sample: sample.map(({ node_id, label }) => ({ nodeId: node_id, label })),
      offline: whole?.offline ?? 0,
      leftOut: reasons.flatMap((row) =>
        row.reason === 'runs' ? [] : [{ reason: row.reason, nodes: row.nodes }],
      ),
      rules: rulesOf(policies, target.kind),
      order: needsOrder(kind) ? (kind.class === 'code' ? 'owner' : 'owner-or-admin') : undefined,
      maxAttempts: attemptsAt(kind),
      needsApproval: needsOrder(kind) && nodes > approvalAbove,
    };
  }

  /** Those that would get the job, ascending. */
  async nodeIds(viewer: Viewer, target: JobTarget): Promise<readonly string[]> {
    const { sql } = this.#deps;
    const { selected, reason } = this.#conditions(viewer, target);
    const rows = await sql<{ node_id: string }[]>`
      select n.node_id from ${this.#tables()} where ${selected} and ${reason} = 'runs' order by n.node_id`;
    return rows.map((row) => row.node_id);
  }

  #tables(): SqlFragment {
    const { sql } = this.#deps;
    return sql`${summaryTables(sql)} left join node_work w using (node_id)`;
  }

  #conditions(
    viewer: Viewer,
    { kind, selector, signer }: JobTarget,
  ): { selected: SqlFragment; reason: SqlFragment } {
    const { sql, access, liveness, heads } = this.#deps;
    const selected = selectorSql(selector, nodeContext({ sql, at: liveness.at(), heads }), 'exact');
    const reason = sql`case when not (${access.allowed(viewer, 'operator')}) then 'not_yours'
      when n.retired_at is not null then 'retired' when n.refused_at is not null then 'refused'
      when n.quarantined_at is not null then 'quarantined' when w.kinds is null then 'silent'
      when w.fault <> '' then 'unreadable' when not ${kind}::text = any(w.kinds) then 'unsupported'
      when not ${kind}::text = any(w.runs) then 'forbidden'
      when not (${this.#takesFrom(signer, kind)}) then 'not_their_admin' else 'runs' end`;
    return { selected, reason };
  }

  /** `decideSigner` by the database: a guarded kind takes the owner's key, or a certified one that the node's policy names. */
  #takesFrom(signer: string | undefined, kind: KindName): SqlFragment {
    const { sql } = this.#deps;
    if (signer === undefined || !isGuarded(kindOf(kind))) return sql`true`;
    return sql`n.owner = ${signer} or exists (select from admin_keys a
      where a.admin = ${signer} and encode(a.public_key, 'hex') = any(w.admins))`;
  }
}

function shares(groups: readonly GroupRow[], kind: number, name: (row: GroupRow) => string): Share[] {
  return groups
    .filter((row) => row.whole === kind)
    .map((row) => ({ name: name(row), nodes: row.nodes }))
    .sort((a, b) => b.nodes - a.nodes)
    .slice(0, SHARES);
}

function rulesOf(policies: readonly { policy: string; nodes: number }[], kind: KindName): readonly Share[] {
  const byRule = new Map<string, number>();
  for (const { policy, nodes } of policies) {
    const { rule } = decideKind(parseLocalPolicy(policy), kind);
    byRule.set(rule, (byRule.get(rule) ?? 0) + nodes);
  }
  return [...byRule].map(([name, nodes]) => ({ name, nodes })).sort((a, b) => b.nodes - a.nodes);
}
