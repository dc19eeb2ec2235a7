import type { PendingQuery, Row } from 'postgres';
import {
  type Instant,
  judgedAt,
  lateAfterMs,
  outdatedSql,
  presses,
  type RequiredChainweb,
  stateSql,
} from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { DISK, FORECAST_DAYS, RULES, type RuleId } from './rule.ts';

export type Fragment = PendingQuery<Row[]>;

/** A condition over the alias n (nodes): it earns and has no account to go to. Given once the hub pays out. */
export type PayoutMissing = (sql: Sql) => Fragment;
/** A condition over the alias n (nodes): it stands in an open dispute. */
export type Disputed = (sql: Sql) => Fragment;

/** What rules hold a node against beside the node itself. */
export interface Standards {
  readonly payoutMissing: PayoutMissing | undefined;
  readonly disputed: Disputed | undefined;
  readonly requiredChainweb: RequiredChainweb | undefined;
}

/**
 * Which rules hold, as the bits of `RULES`: over n (nodes), s (node_status), w (alert_watch), t (disk_trends), u (node_updates).
 *
 * What can not be known keeps what was known: a node that falls silent while it is behind has not caught up. Thresholds
 * hold until their second, laxer value, so that nothing flickers around the first.
 */
export function conditionBits(
  sql: Sql,
  at: Instant,
  { payoutMissing, disputed, requiredChainweb }: Standards,
): Fragment {
  const lateBefore = new Date(judgedAt(at) - lateAfterMs(at.intervalMs));
  const held = (id: RuleId) => sql`coalesce(w.bits & ${1 << RULES[id].bit}::int, 0) <> 0`;
  const disk = (id: RuleId, [high, low]: readonly [number, number]) =>
    sql`case when s.disk is null then ${held(id)} when ${held(id)} then s.disk >= ${low}::real else s.disk >= ${high}::real end`;
  // A version that no agent could read for now, or that is none, is no newer one.
  const chainweb = (id: RuleId, required: RequiredChainweb | undefined) =>
    required === undefined
      ? sql`false`
      : sql`case when n.chainweb_key is null then ${held(id)} else ${outdatedSql(sql, required, at)} end`;
  const pressing = requiredChainweb && presses(requiredChainweb, at.now) ? requiredChainweb : undefined;
  const [soon, later] = FORECAST_DAYS;
  const conditions: Readonly<Record<RuleId, Fragment>> = {
    offline: sql`s.last_seen < ${lateBefore}::timestamptz`,
    behind: sql`c.state = 'behind' or (c.state not in ('online', 'syncing', 'new') and ${held('behind')})`,
    forked: sql`c.state = 'forked' or (c.state not in ('online', 'syncing', 'new', 'behind') and ${held('forked')})`,
    'disk-high': disk('disk-high', DISK.high),
    'disk-full': disk('disk-full', DISK.full),
    'disk-forecast': sql`s.disk_free < t.bytes_per_day * (case when ${held('disk-forecast')} then ${later}::int else ${soon}::int end)`,
    clone: sql`n.disputed_at is not null`,
    quarantined: sql`n.quarantined_at is not null`,
    'no-payout': payoutMissing?.(sql) ?? sql`false`,
    'chainweb-outdated': chainweb('chainweb-outdated', requiredChainweb),
    'chainweb-pressing': chainweb('chainweb-pressing', pressing),
    'update-failed': sql`coalesce(u.state in ('rolled-back', 'failed'), false)`,
    disputed: disputed?.(sql) ?? sql`false`,
  };
  const bits = Object.entries(conditions)
    .map(([id, holds]) => sql`(case when ${holds} then ${1 << RULES[id as RuleId].bit}::int else 0 end)`)
    .reduce((all, bit) => sql`${all} | ${bit}`);
  return sql`case when n.retired_at is null and n.refused_at is null then ${bits} else 0 end`;
}

/** To be joined laterally as c. */
export function stateColumn(sql: Sql, at: Instant): Fragment {
  return sql`lateral (select ${stateSql(sql, at)} as state) c`;
}
