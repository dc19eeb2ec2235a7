import type { Sql } from '#seams/db-adapter/index.ts';
import type { NodeAccess } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import { isEverything, type QueryKind, type Selector } from '../selector/index.ts';
import { audienceOf, EVERYTHING, type Viewer } from '../viewer.ts';
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
/** Looked at before anything else: what one in twenty nodes is fills a page from these. */
const SHORT_WALK = 1_000;
const LONG_WALK = 20_000;
/** The first of what the indexed columns let through: nearly all of it is what was asked for. */
const CANDIDATES = 500;
/** Nodes are counted up to here: beyond it a list needs no exact number, and acts say theirs before they are done. */
const MOST_COUNTED = 1_000;
/** Read at once where all are read. */
const BATCH_ROWS = 1_000;

/** Where a page lies: behind a place, before one, or at the start. */
export type Position = { readonly after: Cursor } | { readonly before: Cursor } | undefined;

export interface ListPage {
  readonly rows: readonly NodeSummary[];
  /** Places from which the neighbouring pages are read; undefined at the ends. */
  readonly previous: Cursor | undefined;
  readonly next: Cursor | undefined;
  /** Nodes that the selector finds; undefined: more than 1,000, or no selector asked. */
  readonly count: number | undefined;
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
    const counting = isEverything(selector) ? undefined : this.count(viewer, selector, at);
    const [found, count] = await Promise.all([
      this.#select(viewer, selector, { position, at, counting }),
      counting,
    ]);
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
      count,
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

  /** How many nodes of the viewer's the selector finds, by the listed states; undefined: more than 1,000. */
  async count(viewer: Viewer, selector: Selector, at: Instant): Promise<number | undefined> {
    const sql = this.#sql;
    const kind = (await this.#isSmall()) ? 'exact' : 'listed';
    const where = this.#conditions(viewer, selector, at, kind);
    const [row] = await sql<{ count: number }[]>`select count(*)::int as count from
      (select 1 from ${summaryTables(sql)} where ${where ?? sql`true`} limit ${constant(sql, MOST_COUNTED + 1)}) found`;
    return row === undefined || row.count > MOST_COUNTED ? undefined : row.count;
  }

  /** All nodes of the viewer's that the selector finds, in the list's order, some at a time: a slow reader holds nothing. */
  async *all(viewer: Viewer, selector: Selector, at: Instant): AsyncGenerator<readonly ExportRow[]> {
    const sql = this.#sql;
    const kind = (await this.#isSmall()) ? 'exact' : 'hinted';
    const where = this.#conditions(viewer, selector, at, kind) ?? sql`true`;
    let place: Cursor | undefined = START;
    while (place !== undefined) {
      const rows: ExportRow[] = await sql<
        ExportRow[]
      >`select ${detailColumns(sql)}, n.hw_type, n.tags from ${summaryTables(sql)}
        where ${placeSql(sql, { after: place })} and ${where} order by n.label, n.node_id limit ${constant(sql, BATCH_ROWS)}`;
      const last = rows.at(-1);
      place = last !== undefined && rows.length === BATCH_ROWS ? cursorOf(last) : undefined;
      yield rows;
    }
  }

  #conditions(viewer: Viewer, selector: Selector, at: Instant, by: QueryKind): SqlFragment | undefined {
    const sql = this.#sql;
    const conditions = [
      ...(isEverything(selector)
        ? []
        : [selectorSql(selector, nodeContext({ sql, at, heads: this.#heads }), by)]),
      ...(audienceOf(viewer) === EVERYTHING ? [] : [this.#access.visible(viewer)]),
    ];
    return conditions.length === 0 ? undefined : conditions.reduce((all, one) => sql`${all} and ${one}`);
  }

  /**
   * Walks a little in the list's order, which fills a page of whatever isn't rare. What is rarer is sought by the columns
   * that have an index: the planner, which knows how rare they make it, says whether to walk on, or to find all that
   * they let through and sort it, of which the first few are looked at closely before all are. Sorted by an expression:
   * a planner that guesses wrong would walk the list to its end instead.
   */
  async #select(
    viewer: Viewer,
    selector: Selector,
    {
      position,
      at,
      counting,
    }: { position: Position; at: Instant; counting: Promise<number | undefined> | undefined },
  ): Promise<readonly SummaryRow[]> {
    const sql = this.#sql;
    const place = placeSql(sql, position);
    const backwards = position !== undefined && 'before' in position;
    const order = backwards ? sql`n.label desc, n.node_id desc` : sql`n.label, n.node_id`;
    const sorted = backwards ? sql`n.label || '' desc, n.node_id desc` : sql`n.label || '', n.node_id`;
    const where = this.#conditions(viewer, selector, at, 'exact');
    if (where === undefined && !backwards) return this.#walk.after(position?.after ?? START);
    const among = (nodes: SqlFragment, condition: SqlFragment) => sql<
      SummaryRow[]
    >`select ${summaryColumns(sql)}
      from ${nodes} left join node_status s using (node_id)
      where ${condition} order by ${order} limit ${constant(sql, PAGE_ROWS + 1)}`;
    const walk = (rows: number) =>
      sql`(select * from nodes n where ${place} order by ${order} limit ${constant(sql, rows)}) n`;
    if (where === undefined) return among(walk(PAGE_ROWS + 1), sql`true`);
    const walked = await among(walk(SHORT_WALK), where);
    if (walked.length > PAGE_ROWS || (await this.#isSmall())) return walked;
    const hinted = this.#conditions(viewer, selector, at, 'hinted') ?? sql`true`;
    const hints = this.#conditions(viewer, selector, at, 'hints') ?? sql`true`;
    // Sorted by itself: with the columns of a page each row is copied, and a million are joined before fifty are sorted.
    const first = (rows: number, condition: SqlFragment) =>
      sql`(select n.node_id from ${summaryTables(sql)} where ${place} and ${condition}
        order by ${sorted} limit ${constant(sql, rows)}) found join nodes n using (node_id)`;
    // A walk past many to find a few is a waste, and their number is asked for anyway.
    const isRare = (await counting) !== undefined;
    const isDense = !isRare && (await this.#isDense(hints));
    const found = await among(isDense ? walk(LONG_WALK) : first(CANDIDATES, hints), hinted);
    if (found.length > PAGE_ROWS) return found;
    return among(first(PAGE_ROWS + 1, hinted), sql`true`);
  }

  /** Whether a short walk sees every node: then nothing need narrow the search, and nothing lags behind. */
  async #isSmall(): Promise<boolean> {
    const sql = this.#sql;
    const beyond = await sql`select 1 from nodes offset ${constant(sql, SHORT_WALK)} limit 1`;
    return beyond.length === 0;
  }

  /** Whether a long walk is likely to fill a page, and finding all would take longer. Guessed from the statistics. */
  async #isDense(where: SqlFragment): Promise<boolean> {
    const sql = this.#sql;
    const [[plan], [table]] = await Promise.all([
      sql<{ 'QUERY PLAN': readonly { Plan: { 'Plan Rows': number } }[] }[]>`
        explain (format json) select 1 from ${summaryTables(sql)} where ${where}`,
      sql<{ rows: number }[]>`select reltuples as rows from pg_class where oid = 'nodes'::regclass`,
    ]);
    const found = plan?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
    const walked = (PAGE_ROWS * (table?.rows ?? 0)) / Math.max(1, found);
    return walked < LONG_WALK / 2 && walked < found;
  }
}

/** Written into the statement: only then does a plan that is kept for it know how little is read. */
function constant(sql: Sql, count: number): SqlFragment {
  return sql`${sql.unsafe(String(count))}`;
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
