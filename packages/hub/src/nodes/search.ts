import type { Sql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from './state-sql.ts';

const MAX_TERMS = 8;
const ID_PREFIX = /^[0-9a-f]{4,64}$/;

/**
 * A search as a tsquery over `nodes.search`, which holds letters and digits apart: `rack1-node3` is the phrase rack, 1,
 * node, 3…, and terms apart may stand anywhere. Empty where the text has no word.
 */
export function searchQuery(text: string): string {
  return text
    .toLowerCase()
    .split(/\s+/)
    .map((term) => term.match(/\p{L}+|\p{N}+/gu) ?? [])
    .filter((words) => words.length > 0)
    .slice(0, MAX_TERMS)
    .map((words) => `(${words.join(' <-> ')}:*)`)
    .join(' & ');
}

/** Nodes of which each term begins a word of label, owner or region; or whose id begins with the text. */
export function searchSql(sql: Sql, text: string): SqlFragment {
  const query = searchQuery(text);
  const byWords = query === '' ? sql`false` : sql`n.search @@ to_tsquery('simple', ${query})`;
  const id = text.trim().toLowerCase();
  return ID_PREFIX.test(id) ? sql`(${byWords} or n.node_id like ${`${id}%`})` : byWords;
}
