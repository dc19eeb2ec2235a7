import type { Sql } from '#seams/db-adapter/index.ts';
import { audienceOf, EVERYTHING, type NodeAccess, type Viewer } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import type { Cursor } from './cursor.ts';
import { ListWalk } from './list-walk.ts';
import type { Instant } from './liveness.ts';
import { searchSql } from './search.ts';
import type { StateName } from './state.ts';
import { type SqlFragment, stateSql } from './state-sql.ts';
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
/** Looked at before the whole list is: a filter that one in twenty nodes meets fills a page from these. */
const WALK_ROWS = 1_000;

export interface ListFilter {
  readonly text: string;
  readonly state: StateName | undefined;
}

/** Where a page lies: behind a place, before one, or at the start. */
export type Position = { readonly after: Cursor } | { readonly before: Cursor } | undefined;

export interface ListPage {
  readonly rows: readonly NodeSummary[];
  /** Places from which the neighbouring pages are read; undefined at the ends. */
  readonly previous: Cursor | undefined;
  readonly next: Cursor | undefined;
}

/** One page by keyset: as fast at the end of 100,000 rows as at their start, and stable while nodes come and go. */
export class NodeListing {
  readonly #sql: Sql;
  readonly #walk: ListWalk;

  readonly #access: NodeAccess;

  constructor({ sql, access, clock }: { sql: Sql; access: NodeAccess; clock: Clock }) {
    this.#sql = sql;
    this.#access = access;
    this.#walk = new ListWalk({ sql, clock, rows: PAGE_ROWS + 1 });
  }

  /** Of the nodes that the viewer may see. */
  async page(viewer: Viewer, filter: ListFilter, position: Position, at: Instant): Promise<ListPage> {
    const backwards = position !== undefined && 'before' in position;
    const found = await this.#select(viewer, filter, position, at);
    const more = found.length > PAGE_ROWS;
    const rows = found.slice(0, PAGE_ROWS);
    if (backwards) rows.reverse();
    // Too little before a place: then it is the first page that was meant.
    if (backwards && !more && rows.length < PAGE_ROWS) return this.page(viewer, filter, undefined, at);
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

  /**
   * Walks a little in the list's order, which finds a page of anything that isn't rare. What is rare is then sought in
   * the whole: sorted by an expression, because the planner can't guess how rare a derived state is, and would else
   * walk the index to its end.
   */
  async #select(
    viewer: Viewer,
    filter: ListFilter,
    position: Position,
    at: Instant,
  ): Promise<readonly SummaryRow[]> {
    const sql = this.#sql;
    const place = placeSql(sql, position);
    const backwards = position !== undefined && 'before' in position;
    const order = backwards ? sql`n.label desc, n.node_id desc` : sql`n.label, n.node_id`;
    const conditions = filterSql(sql, filter, at);
    if (audienceOf(viewer) !== EVERYTHING) conditions.push(this.#access.visible(viewer));
    if (conditions.length === 0 && !backwards) return this.#walk.after(position?.after ?? START);
    if (conditions.length === 0)
      return sql<SummaryRow[]>`select ${summaryColumns(sql)} from ${summaryTables(sql)}
        where ${place} order by ${order} limit ${PAGE_ROWS + 1}`;
    const where = conditions.reduce((all, condition) => sql`${all} and ${condition}`);
    const walked = await sql<SummaryRow[]>`select ${summaryColumns(sql)}
      from (select * from nodes n where ${place} order by ${order} limit ${WALK_ROWS}) n
        left join node_status s using (node_id)
      where ${where} order by ${order} limit ${PAGE_ROWS + 1}`;
    if (walked.length > PAGE_ROWS) return walked;
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

function filterSql(sql: Sql, filter: ListFilter, at: Instant): SqlFragment[] {
  return [
    ...(filter.text === '' ? [] : [searchSql(sql, filter.text)]),
    ...(filter.state === undefined ? [] : [sql`${stateSql(sql, at)} = ${filter.state}`]),
  ];
}

function cursorOf(row: SummaryRow): Cursor {
  return { label: row.label, nodeId: row.node_id };
}
