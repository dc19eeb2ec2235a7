import type { PendingQuery, Row } from 'postgres';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { pauseAllRuns } from './pause-all.ts';

/**
 * Of the statement that leases jobs, over j (jobs): work of a rollout begins only while that runs and nobody has pulled
 * the cord. Asked there, so that what was handed out before is held back too.
 */
export function mayBegin(sql: Sql | TransactionSql): PendingQuery<Row[]> {
  return sql`not exists (select from rollouts o where o.batch_id = j.batch_id
    and not (o.state in ('running', 'complete') and ${pauseAllRuns(sql)}))`;
}
