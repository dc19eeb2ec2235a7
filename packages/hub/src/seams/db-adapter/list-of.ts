import type { PendingQuery, Row } from 'postgres';
import type { Sql, TransactionSql } from './adapter.ts';

/**
 * Thousands of ids or numbers as a `text[]`. The driver escapes each element of an array, which costs more than the statement;
 * these have nothing to escape, so they go as one text. @throws {RangeError} where one of them has a comma, or is all and empty.
 */
export function listOf(sql: Sql | TransactionSql, values: readonly (string | bigint)[]): PendingQuery<Row[]> {
  const text = values.join(',');
  if (values.length > 0 && (text === '' || text.split(',').length !== values.length))
    throw new RangeError('a list of ids: one of them has a comma, or it is nothing; send it as an array');
  return sql`string_to_array(${text}, ',')`;
}
