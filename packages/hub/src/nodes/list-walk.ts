import type { Sql } from '#seams/db-adapter/index.ts';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import type { Cursor } from './cursor.ts';
import { type SummaryRow, summaryColumns, summaryTables } from './summary.ts';

/** Places in one statement at most: its pages are rendered in one go, and a page takes about a millisecond. */
const MOST_PLACES = 16;

interface PlacedRow extends SummaryRow {
  readonly place: number;
}

/**
 * Rows behind places in the list, in its order. Readers who ask at the same time share a statement: it costs half as
 * much a page, and whoever asked first is answered first.
 */
export class ListWalk {
  readonly #batcher: Batcher<Cursor, readonly SummaryRow[]>;

  constructor({ sql, clock, rows }: { sql: Sql; clock: Clock; rows: number }) {
    // A constant of the statement: only then does the plan that is kept for it know how little is read.
    const limit = sql.unsafe(String(rows));
    this.#batcher = new Batcher({ clock, windowMs: 0, maxItems: MOST_PLACES }, async (places) => {
      const found = await sql<PlacedRow[]>`
        select place::int, page.*
        from unnest(${places.map(({ label }) => label)}::text[], ${places.map(({ nodeId }) => nodeId)}::text[])
            with ordinality as behind(label, node_id, place)
          cross join lateral (
            select ${summaryColumns(sql)}
            from ${summaryTables(sql)} where (n.label, n.node_id) > (behind.label, behind.node_id)
            order by n.label, n.node_id limit ${limit}) page
        order by place, label, node_id`;
      const byPlace = Map.groupBy(found, ({ place }) => place);
      return places.map((_, i) => byPlace.get(i + 1) ?? []);
    });
  }

  after(place: Cursor): Promise<readonly SummaryRow[]> {
    return this.#batcher.submit(place);
  }
}
