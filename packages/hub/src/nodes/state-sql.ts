import type { PendingQuery, Row } from 'postgres';
import type { Sql } from '#seams/db-adapter/index.ts';
import { type Instant, judgedAt, lateAfterMs, offlineAfterMs } from './liveness.ts';

/** A piece of a statement, with its parameters. */
export type SqlFragment = PendingQuery<Row[]>;

/**
 * `stateName` as an expression over the aliases n (nodes) and s (node_status, outer-joined): the same rules in the same
 * order, proven equal row by row (`state-sql.test.ts`).
 */
export function stateSql(sql: Sql, at: Instant): SqlFragment {
  const judged = judgedAt(at);
  const lateBefore = new Date(judged - lateAfterMs(at.intervalMs));
  const offlineBefore = new Date(judged - offlineAfterMs(at.intervalMs));
  return sql`case
    when n.retired_at is not null then 'retired'
    when n.refused_at is not null then 'refused'
    when n.quarantined_at is not null then 'quarantined'
    when n.disputed_at is not null then 'disputed'
    when s.last_seen is null then 'new'
    when s.last_seen < ${offlineBefore}::timestamptz then 'offline'
    when s.last_seen < ${lateBefore}::timestamptz then 'late'
    when s.at_tip_at >= ${lateBefore}::timestamptz then 'online'
    when s.forked then 'forked'
    when s.at_tip_at is null then 'syncing'
    else 'behind' end`;
}
