import type { Sql } from '#seams/db-adapter/index.ts';
import { audienceOf, EVERYTHING, type NodeAccess, type Viewer } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import { isEverything, type Selector } from '../selector/index.ts';
import type { Cursor } from './cursor.ts';
import { ListWalk } from './list-walk.ts';
import type { Instant } from './liveness.ts';
import type { NetworkHeads } from './network-heads.ts';
import { nodeContext, selectorSql } from './node-selector.ts';
import type { SqlFragment } from './state-sql.ts';
import {
  type DetailRow,
  detailColumns,
  type NodeDetail,
  type NodeSummary,
  type SummaryRow,
  summaryColumns,
  summaryTables,
  toDetail,
  toSummary,
} from './summary.ts';

export const PAGE_ROWS = 50;
/** Before every node: a label has a byte at least. */
const START: Cursor = { label: '', nodeId: '' };
/** Looked at before the whole list is: what one in twenty nodes is fills a page from the first, one in 400 from the second. */
const WALKS = [1_000, 20_000];
/** Nodes are counted up to here: beyond it nobody needs the exact number of a list. */
const MOST_COUNTED = 10_000;
/** Read at once where all are read. */
const BATCH_ROWS = 1_000;

/** Where a page lies: behind a place, before one, or at the start. */
export type Position = { readonly after: Cursor } | { readonly before: Cursor } | undefined;

export interface ListPage {
  readonly rows: readonly NodeSummary[];
  /** Places from which the neighbouring pages are read; undefined at the ends. */
  readonly previous: Cursor | undefined;
  readonly next: Cursor | undefined;
}

export interface ExportRow extends DetailRow {
  hw_type: string;
  tags: string[];
}

/** One page by keyset: as fast at the end of 100,000 rows as at their start, and stable while nodes come and go. */
export class NodeListing {
  readonly #sql: Sql;
  readonly #walk: ListWalk;
  readonly #access: NodeAccess;
  readonly #heads: Pick<NetworkHeads, 'heads'>;

  constructor(by: { sql: Sql; access: NodeAccess; heads: Pick<NetworkHeads, 'heads'>; clock: Clock }) {
    this.#sql = by.sql;
    this.#access = by.access;
    this.#heads = by.heads;
    this.#walk = new ListWalk({ sql: by.sql, clock: by.clock, rows: PAGE_ROWS + 1 });
  }

  /** Of the nodes that the viewer may see. */
  async page(viewer: Viewer, selector: Selector, position: Position, at: Instant): Promise<ListPage> {
    const backwards = position !== undefined && 'before' in position;
    const found = await this.#select(viewer, selector, position, at);
    const more = found.length > PAGE_ROWS;
    const rows = found.slice(0, PAGE_ROWS);
    if (backwards) rows.reverse();
    // Too little before a place: then it is the first page that was meant.
    if (backwards && !more && rows.length < PAGE_ROWS) return this.page(viewer, selector, undefined, at);
    const first = rows[0];
    const last = rows.at(-1);
    return {
      rows: rows.map(toSummary),
      previous: first && (backwards ? more : position !== undefined) ? cursorOf(first) : undefined,
      next: last && (backwards || more) ? cursorOf(last) : undefined,
    };
  }

  /** By id, in any order; ids that are no nodes are left out. */
  async byIds(nodeIds: readonly string[]): Promise<NodeSummary[]> {
    const sql = this.#sql;
    const rows = await sql<SummaryRow[]>`select ${summaryColumns(sql)} from ${summaryTables(sql)}
      where n.node_id = any(${[...nodeIds]}::text[])`;
    return rows.map(toSummary);
  }

  /** A node with all that its page shows; undefined where the viewer may not see it. */
  async find(viewer: Viewer, nodeId: string): Promise<NodeDetail | undefined> {
    const sql = this.#sql;
    const [row] = await sql<DetailRow[]>`select ${detailColumns(sql)} from ${summaryTables(sql)}
      where n.node_id = ${nodeId} and ${this.#access.visible(viewer)}`;
    return row && toDetail(row);
  }

  /** As `byIds`, with all that a node's page shows. */
  async details(nodeIds: readonly string[]): Promise<NodeDetail[]> {
    const sql = this.#sql;
    const rows = await sql<DetailRow[]>`select ${detailColumns(sql)} from ${summaryTables(sql)}
      where n.node_id = any(${[...nodeIds]}::text[])`;
    return rows.map(toDetail);
  }

  /** How many nodes of the viewer's the selector finds; undefined: more than 10,000. */
  async count(viewer: Viewer, selector: Selector, at: Instant): Promise<number | undefined> {
    const sql = this.#sql;
    const where = this.#conditions(viewer, selector, at);
    const [row] = await sql<{ count: number }[]>`select count(*)::int as count from
      (select 1 from ${summaryTables(sql)} where ${where ?? sql`true`} limit ${MOST_COUNTED + 1}) found`;
    return row === undefined || row.count > MOST_COUNTED ? undefined : row.count;
  }

  /** All nodes of the viewer's that the selector finds, in the list's order, some at a time. */
  async *all(viewer: Viewer, selector: Selector, at: Instant): AsyncGenerator<readonly ExportRow[]> {
    const sql = this.#sql;
    const where = this.#conditions(viewer, selector, at) ?? sql`true`;
    const found = sql<ExportRow[]>`select ${detailColumns(sql)}, n.hw_type, n.tags from ${summaryTables(sql)}
      where ${where} order by n.label, n.node_id`;
    yield* found.cursor(BATCH_ROWS);
  }

  #conditions(viewer: Viewer, selector: Selector, at: Instant): SqlFragment | undefined {
    const sql = this.#sql;
    const conditions = [
      ...(isEverything(selector)
        ? []
        : [selectorSql(selector, nodeContext({ sql, at, heads: this.#heads }), 'listed')]),
      ...(audienceOf(viewer) === EVERYTHING ? [] : [this.#access.visible(viewer)]),
    ];
    return conditions.length === 0 ? undefined : conditions.reduce((all, one) => sql`${all} and ${one}`);
  }

  /**
   * Walks a little in the list's order, then more, which finds a page of anything that isn't rare. What is rare is then
   * sought in the whole: sorted by an expression, because the planner can't guess how rare a derived state is, and would
   * else walk the index to its end.
   */
  async #select(
    viewer: Viewer,
    selector: Selector,
    position: Position,
    at: Instant,
  ): Promise<readonly SummaryRow[]> {
    const sql = this.#sql;
    const place = placeSql(sql, position);
    const backwards = position !== undefined && 'before' in position;
    const order = backwards ? sql`n.label desc, n.node_id desc` : sql`n.label, n.node_id`;
    const where = this.#conditions(viewer, selector, at);
    if (where === undefined && !backwards) return this.#walk.after(position?.after ?? START);
    if (where === undefined)
      return sql<SummaryRow[]>`select ${summaryColumns(sql)} from ${summaryTables(sql)}
        where ${place} order by ${order} limit ${PAGE_ROWS + 1}`;
    for (const rows of WALKS) {
      const walked = await sql<SummaryRow[]>`select ${summaryColumns(sql)}
        from (select * from nodes n where ${place} order by ${order} limit ${rows}) n
          left join node_status s using (node_id)
        where ${where} order by ${order} limit ${PAGE_ROWS + 1}`;
      if (walked.length > PAGE_ROWS) return walked;
    }
    const sorted = backwards ? sql`n.label || '' desc, n.node_id desc` : sql`n.label || '', n.node_id`;
    return sql<SummaryRow[]>`select ${summaryColumns(sql)} from ${summaryTables(sql)}
      where ${place} and ${where} order by ${sorted} limit ${PAGE_ROWS + 1}`;
  }
}

function placeSql(sql: Sql, position: Position): SqlFragment {
  if (position === undefined) return sql`true`;
  if ('after' in position)
    return sql`(n.label, n.node_id) > (${position.after.label}, ${position.after.nodeId})`;
  return sql`(n.label, n.node_id) < (${position.before.label}, ${position.before.nodeId})`;
}

function cursorOf(row: SummaryRow): Cursor {
  return { label: row.label, nodeId: row.node_id };
}
