import { randomUUID } from 'node:crypto';
import type { Sql } from '#seams/db-adapter/index.ts';
import { Scope, type SelectorLanguage } from './scope.ts';
import { REGION_OWNER } from './settings.ts';

export interface NewSilence {
  readonly owner: string;
  readonly kind: 'mute' | 'maintenance';
  readonly nodeId: string | undefined;
  /** Empty: all nodes of the owner. */
  readonly selector: string;
  readonly rule: string | undefined;
  readonly from: number;
  readonly until: number;
  readonly reason: string;
  readonly createdBy: string;
}

export interface StoredSilence extends NewSilence {
  readonly id: string;
  /** Of the node, where it is about one. */
  readonly label: string | undefined;
}

/** What badges and the API say of a node in maintenance. */
export interface Maintenance {
  readonly from: number;
  readonly until: number;
  readonly reason: string;
}

interface SilenceRow {
  id: string;
  owner: string;
  kind: 'mute' | 'maintenance';
  node_id: string | null;
  selector: string;
  rule: string | null;
  starts_at: Date;
  ends_at: Date;
  reason: string;
  created_by: string;
  label: string | null;
}

/** Mutes and maintenance windows. */
export class SilenceStore {
  readonly #sql: Sql;
  readonly #language: SelectorLanguage;

  constructor(by: { sql: Sql; language: SelectorLanguage }) {
    this.#sql = by.sql;
    this.#language = by.language;
  }

  async add(silence: NewSilence): Promise<string> {
    const id = randomUUID();
    const { owner, kind, nodeId, selector, rule, from, until, reason, createdBy } = silence;
    await this.#sql`
      insert into alert_silences (id, owner, kind, node_id, selector, rule, starts_at, ends_at, reason, created_by)
      values (${id}, ${owner}, ${kind}, ${nodeId ?? null}, ${selector}, ${rule ?? null}, ${new Date(from)},
        ${new Date(until)}, ${reason}, ${createdBy})`;
    return id;
  }

  async ownerOf(nodeId: string): Promise<string | undefined> {
    const [row] = await this.#sql<{ owner: string }[]>`select owner from nodes where node_id = ${nodeId}`;
    return row?.owner;
  }

  async find(id: string): Promise<StoredSilence | undefined> {
    const [row] = await this.#sql<SilenceRow[]>`
      select a.*, n.label from alert_silences a left join nodes n using (node_id)
      where a.id = ${id} and a.cancelled_at is null`;
    return row && toSilence(row);
  }

  /** Ends it now. What it held back is told with the next pass. */
  async cancel({ id, owner }: StoredSilence, now: number): Promise<void> {
    await this.#sql.begin(async (sql) => {
      await sql`update alert_silences set cancelled_at = ${new Date(now)} where id = ${id} and cancelled_at is null`;
      await sql`update alert_states set due_at = ${new Date(now)}
        where ${owner === REGION_OWNER ? sql`true` : sql`owner = ${owner}`} and due_at > ${new Date(now)}`;
    });
  }

  /** Those that are not over, the next to end first: of one's own nodes, of one's own making, of the region. @param email undefined: all. */
  async current(email: string | undefined, now: number): Promise<readonly StoredSilence[]> {
    const rows = await this.#sql<SilenceRow[]>`
      select a.*, n.label from alert_silences a left join nodes n using (node_id)
      where ${email === undefined ? this.#sql`true` : this.#sql`(a.owner in (${email}, ${REGION_OWNER}) or a.created_by = ${email})`}
        and a.cancelled_at is null and a.ends_at > ${new Date(now)}
      order by a.ends_at limit 200`;
    return rows.map(toSilence);
  }

  /** The window that a node is in; of several, the one that ends last. */
  async inMaintenance(nodeId: string, at: number): Promise<Maintenance | undefined> {
    const sql = this.#sql;
    const rows = await sql<SilenceRow[]>`
      select a.*, n.label from nodes n join alert_silences a on a.owner = n.owner or a.owner = ${REGION_OWNER}
      where n.node_id = ${nodeId} and a.kind = 'maintenance' and a.cancelled_at is null
        and a.starts_at <= ${new Date(at)} and a.ends_at > ${new Date(at)}
        and (a.node_id is null or a.node_id = n.node_id)
      order by a.ends_at desc`;
    const scope = new Scope({ sql, language: this.#language, nodeIds: [nodeId] });
    for (const row of rows) {
      const nodes = row.node_id === null ? await scope.nodes(row.selector) : 'all';
      if (nodes === 'all' || nodes?.has(nodeId))
        return { from: row.starts_at.getTime(), until: row.ends_at.getTime(), reason: row.reason };
    }
    return undefined;
  }
}

function toSilence(row: SilenceRow): StoredSilence {
  return {
    id: row.id,
    owner: row.owner,
    kind: row.kind,
    nodeId: row.node_id ?? undefined,
    selector: row.selector,
    rule: row.rule ?? undefined,
    from: row.starts_at.getTime(),
    until: row.ends_at.getTime(),
    reason: row.reason,
    createdBy: row.created_by,
    label: row.label ?? undefined,
  };
}
