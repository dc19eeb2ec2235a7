import type { Sql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from './state-sql.ts';

const MAX_TERMS = 8;
const ID_PREFIX = /^[0-9a-f]{4,64}$/;

/** Letters and digits apart, as `nodes.search` holds them: `Rack1-Node3` is rack, 1, node, 3. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? [];
}

/** A text that may also be the beginning of a node id. */
export function idPrefixOf(text: string): string | undefined {
  const lower = text.trim().toLowerCase();
  return ID_PREFIX.test(lower) ? lower : undefined;
}

/** Nodes with the words of the text one behind the other, the last by its beginning; or whose id begins with it. */
export function phraseSql(sql: Sql, text: string): SqlFragment {
  const words = wordsOf(text);
  const idPrefix = idPrefixOf(text);
  const byWords =
    words.length === 0
      ? sql`false`
      : sql`(n.search is not null and n.search @@ ${`${words.join(' <-> ')}:*`}::text::tsquery)`;
  return idPrefix === undefined ? byWords : sql`(${byWords} or n.node_id like ${`${idPrefix}%`})`;
}

/** Nodes that each term of a plain text finds: for a search box without a language. */
export function searchSql(sql: Sql, text: string): SqlFragment {
  const terms = text.split(/\s+/).filter((term) => wordsOf(term).length > 0);
  const found = terms.slice(0, MAX_TERMS).map((term) => phraseSql(sql, term));
  return found.length === 0 ? sql`false` : sql`(${found.reduce((all, one) => sql`${all} and ${one}`)})`;
}
