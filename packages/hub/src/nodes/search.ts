import type { Sql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from './state-sql.ts';

/**
 * Words that follow each other in `nodes.search`, the last by its beginning; or the beginning of a node id. The column
 * holds letters and digits apart: `rack1-node3` is rack, 1, node, 3.
 *
 * @param words letters or digits only.
 */
export function searchWordsSql(
  sql: Sql,
  words: readonly string[],
  idPrefix: string | undefined,
): SqlFragment {
  const byWords =
    words.length === 0
      ? sql`false`
      : sql`(n.search is not null and n.search @@ ${`${words.join(' <-> ')}:*`}::text::tsquery)`;
  return idPrefix === undefined ? byWords : sql`(${byWords} or n.node_id like ${`${idPrefix}%`})`;
}
