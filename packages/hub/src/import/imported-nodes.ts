import type { AuditLog } from '#audit/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { type Candidate, matchOf } from './matching.ts';
import type { Likeness } from './schema.ts';

/** A node that has just been registered. */
export interface Joining {
  readonly nodeId: string;
  /** E-mail. */
  readonly owner: string;
  readonly label: string;
  /** As its agent told it. */
  readonly hostname: string;
}

/** A joined node that may be any of several imported ones. */
export interface Undecided {
  readonly nodeId: string;
  readonly label: string;
  readonly candidates: readonly (Candidate & {
    readonly hosts: readonly string[];
    readonly tags: readonly string[];
  })[];
}

interface Claimed {
  label: string;
  role: string;
  hw_type: string;
  tags: string[];
  notes: string[];
}

/** What many hosts call themselves. */
const NO_NAMES: readonly string[] = ['', 'localhost', 'localhost.localdomain'];
/** As many as a node may have. */
const MAX_TAGS = 32;

/** Imported nodes as they join: each becomes the node that joins instead of standing beside it. */
export class ImportedNodes {
  readonly #sql: Sql;
  readonly #audit: Pick<AuditLog, 'appendIn'>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; audit: Pick<AuditLog, 'appendIn'>; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#audit = by.audit;
    this.#clock = by.clock;
  }

  /** @returns the label that the node has now; where its past is in doubt, that it joined with. */
  joined(joining: Joining): Promise<string> {
    return this.#sql.begin(async (tx) => {
      const candidates = await this.#alike(tx, joining);
      const match = matchOf(candidates);
      if (match !== undefined) return (await this.#claim(tx, joining, match, 'hub')) ?? joining.label;
      const { nodeId, owner, label } = joining;
      if (candidates.length > 0)
        await tx`insert into imported_candidates (node_id, owner, label, why)
          select ${nodeId}, ${owner}, label, why
          from unnest(${candidates.map((one) => one.label)}::text[], ${candidates.map((one) => one.why)}::text[]) as c(label, why)
          on conflict do nothing`;
      return label;
    });
  }

  async undecidedCount(owner: string): Promise<number> {
    const [row] = await this.#sql<{ count: number }[]>`
      select count(distinct node_id)::int as count from imported_candidates where owner = ${owner}`;
    return row?.count ?? 0;
  }

  /** Nodes to decide on, and how many imported ones have not joined yet. */
  async standing(owner: string): Promise<{ undecided: readonly Undecided[]; waiting: number }> {
    const [rows, [waiting]] = await Promise.all([
      this.#sql<
        { node_id: string; joined: string; label: string; why: Likeness; hosts: string[]; tags: string[] }[]
      >`
        select c.node_id, n.label as joined, c.label, c.why, i.hosts, i.tags
        from imported_candidates c join nodes n using (node_id) join imported_nodes i on i.owner = c.owner and i.label = c.label
        where c.owner = ${owner} and n.owner = c.owner order by n.label, c.node_id, c.label limit 500`,
      this.#sql<{ count: number }[]>`
        select count(*)::int as count from imported_nodes where owner = ${owner} and joined_as is null`,
    ]);
    const undecided = [...Map.groupBy(rows, ({ node_id }) => node_id)].map(([nodeId, of]) => ({
      nodeId,
      label: of[0]!.joined,
      candidates: of.map(({ label, why, hosts, tags }) => ({ label, why, hosts, tags })),
    }));
    return { undecided, waiting: waiting?.count ?? 0 };
  }

  /** The owner says which it is; without a label: none of them. @returns false where that is not to be decided any more. */
  decide(owner: string, nodeId: string, label: string | undefined): Promise<boolean> {
    return this.#sql.begin(async (tx) => {
      const open = await tx<{ label: string; why: Likeness }[]>`
        select c.label, c.why from imported_candidates c join nodes n using (node_id)
        where c.node_id = ${nodeId} and c.owner = ${owner} and n.owner = c.owner for update of c`;
      if (open.length === 0) return false;
      if (label !== undefined) {
        const chosen = open.find((candidate) => candidate.label === label);
        if (chosen === undefined) return false;
        return (await this.#claim(tx, { nodeId, owner }, chosen, owner)) !== undefined;
      }
      await this.#audit.appendIn(tx, { actor: owner, act: 'node.import-none', subject: nodeId, owner });
      await tx`delete from imported_candidates where node_id = ${nodeId}`;
      return true;
    });
  }

  /** Hosts are alike where they are the same, or one of them is the first part of the other. */
  #alike(tx: TransactionSql, { nodeId, owner, label, hostname }: Joining): Promise<Candidate[]> {
    const host = hostname.toLowerCase();
    const names = NO_NAMES.includes(host) ? [] : [host, ...(host.includes('.') ? [host.split('.')[0]!] : [])];
    return tx<{ label: string; why: Likeness }[]>`
      select label, case when by_id then 'id' when by_label and by_host then 'label and host' when by_label then 'label'
        else 'host' end as why
      from (select label, coalesce(node_id = ${nodeId}, false) as by_id, label = ${label} as by_label,
          exists (select from unnest(hosts) h where lower(h) = any(${names}::text[])
            or split_part(lower(h), '.', 1) = ${host} and ${names.length > 0}) as by_host
        from imported_nodes where owner = ${owner} and joined_as is null
          and not exists (select from imported_nodes own where own.joined_as = ${nodeId})) i
      where by_id or by_label or by_host order by label limit 50`;
  }

  /** @returns its label; undefined where another node became it meanwhile. */
  async #claim(
    tx: TransactionSql,
    { nodeId, owner }: Pick<Joining, 'nodeId' | 'owner'>,
    { label, why }: Candidate,
    actor: string,
  ): Promise<string | undefined> {
    const [claimed] = await tx<Claimed[]>`update imported_nodes set joined_as = ${nodeId}
      where owner = ${owner} and label = ${label} and joined_as is null returning label, role, hw_type, tags, notes`;
    if (claimed === undefined) return undefined;
    const { role, hw_type: hwType, tags, notes } = claimed;
    await tx`update nodes set label = ${label}, role = ${role}, hw_type = ${hwType},
      tags = (select coalesce(array_agg(tag), '{}') from (select tag, min(place) as place
        from unnest(tags || ${tags}::text[]) with ordinality as t(tag, place) group by tag order by place limit ${MAX_TAGS}) u)
      where node_id = ${nodeId} and owner = ${owner}`;
    await tx`insert into node_notes (node_id, at, author, text)
      select ${nodeId}, ${new Date(this.#clock.now())}, ${owner}, note
      from unnest(${notes}::text[]) with ordinality as t(note, place) order by place`;
    await tx`delete from imported_candidates where node_id = ${nodeId} or (owner = ${owner} and label = ${label})`;
    await this.#audit.appendIn(tx, {
      actor,
      act: 'node.import',
      subject: nodeId,
      owner,
      detail: { label, why },
    });
    return label;
  }
}
