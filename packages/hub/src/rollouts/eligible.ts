import type { PendingQuery, Row } from 'postgres';
import type { Sql } from '#seams/db-adapter/index.ts';
import { FLYING, SILENT_MS } from './assignment-state.ts';
import { ableTo, pinned } from './cargo-sql.ts';
import { MOST_DEFERRED_MS, NOTICE_MS } from './plan/index.ts';
import type { Cargo, Rollout } from './rollout.ts';

type Fragment = PendingQuery<Row[]>;

/** What a condition below reads, beside r (rollout_nodes). */
export function eligibleTables(sql: Sql): Fragment {
  return sql`join nodes n on n.node_id = r.node_id
    join sessions s on s.node_id = r.node_id
    join node_status st on st.node_id = r.node_id
    left join node_updates u on u.node_id = r.node_id
    left join node_work w on w.node_id = r.node_id
    left join update_wishes wn on wn.subject = r.node_id
    left join update_wishes wo on wo.subject = n.owner and wn.subject is null`;
}

/** Nodes that may begin now: here, able to, not current, not held by their owner, and with no other update in the air. */
export function eligible(sql: Sql, rollout: Rollout, by: { now: number; held: Fragment }): Fragment {
  return sql`n.retired_at is null and n.refused_at is null and n.quarantined_at is null
    and s.ended_at is null and st.last_seen > ${new Date(by.now - SILENT_MS)}
    and ${ableTo(sql, rollout, by.now)}
    and coalesce(u.state, 'idle') not in ('draining', 'trying')
    and not exists (select from rollout_nodes f where f.node_id = r.node_id and f.rollout_id <> r.rollout_id
      and f.state = any(${[...FLYING]}::text[]) and f.deadline > ${new Date(by.now)})
    and not coalesce((${by.held}), false)`;
}

type Held = Pick<Rollout, 'version' | 'security' | 'createdAt'> & { readonly cargo: Pick<Cargo, 'kind'> };

/** As `heldBy` of the plan says it, in SQL: the host's wish and the hub's, the stricter of both. */
export function held(sql: Sql, { cargo, version, security, createdAt }: Held, now: number): Fragment {
  if (security && now >= createdAt + NOTICE_MS) return sql`false`;
  const defers =
    now < createdAt + MOST_DEFERRED_MS
      ? sql`greatest(u.defer_until, coalesce(wn.defer_until, wo.defer_until)) > ${new Date(now)}`
      : sql`false`;
  const minute = new Date(now).toISOString().slice(11, 16);
  return sql`${pinned(sql, cargo.kind, version)}
    or coalesce(${defers}, false)
    or ${outside(sql, sql`u."window"`, minute)} or ${outside(sql, sql`coalesce(wn."window", wo."window", '')`, minute)}`;
}

/** Outside `HH:MM-HH:MM`, UTC; a text that is none holds nothing. */
function outside(sql: Sql, window: Fragment, minute: string): Fragment {
  const [from, to] = [sql`left(${window}, 5)`, sql`right(${window}, 5)`];
  return sql`(${window} ~ '^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$' and ${from} <> ${to}
    and not case when ${from} < ${to} then ${minute}::text >= ${from} and ${minute}::text < ${to}
      else ${minute}::text >= ${from} or ${minute}::text < ${to} end)`;
}
