import type { Sql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from './state-sql.ts';

const MAX_WORDS = 8;
const ID_PREFIX = /^[0-9a-f]{4,64}$/;

/** The words of a search as `nodes.search` holds them: letters and digits apart, in lower case. */
export function searchWords(text: string): string[] {
  return (text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? []).slice(0, MAX_WORDS);
}

/** Nodes of which each word begins a word of label, owner or region; or whose id begins with the text. */
export function searchSql(sql: Sql, text: string): SqlFragment {
  const query = searchWords(text)
    .map((word) => `${word}:*`)
    .join(' & ');
  const byWords = query === '' ? sql`false` : sql`n.search @@ to_tsquery('simple', ${query})`;
  const id = text.trim().toLowerCase();
  return ID_PREFIX.test(id) ? sql`(${byWords} or n.node_id like ${`${id}%`})` : byWords;
}
