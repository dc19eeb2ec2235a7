import type { Sql } from '#seams/db-adapter/index.ts';
import type { Operator } from '../../selector/index.ts';
import type { SqlFragment } from '../state-sql.ts';

export function operatorSql(sql: Sql, operator: Operator): SqlFragment {
  return sql`${sql.unsafe(operator === ':' ? '=' : operator)}`;
}
