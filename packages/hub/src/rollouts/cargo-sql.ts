import type { PendingQuery, Row } from 'postgres';
import type { Sql } from '#seams/db-adapter/index.ts';
import { versionKey } from '../nodes/index.ts';
import { SILENT_MS } from './assignment-state.ts';
import type { CargoKind, ReleaseKind, Rollout } from './rollout.ts';

type Fragment = PendingQuery<Row[]>;

/** Whether a node runs it without having been asked, over n (nodes) and u (node_updates). */
export function runsIt(sql: Sql, rollout: Rollout): Fragment {
  const { cargo, version } = rollout;
  return cargo.kind === 'chainweb'
    ? sql`n.chainweb_key >= ${keyOf(version)}`
    : sql`${running(sql, cargo.kind)} = ${version}`;
}

/** What a node must be for this cargo to be given to it, over the tables of `eligibleTables`. */
export function ableTo(sql: Sql, { cargo, version }: Rollout, now: number): Fragment {
  if (cargo.kind === 'chainweb') return mayUpgrade(sql, version, now);
  const runs = running(sql, cargo.kind);
  const higher = sql`coalesce(${numbers(sql, runs)} > ${numbers(sql, sql`${version}::text`)}, false)`;
  return sql`u.launcher <> '' and u.platform = any(${[...cargo.platforms]}::text[]) and ${runs} <> ${version}
    and not u.blacklist @> array[${version}]::text[] ${cargo.downgrade ? sql`` : sql`and not ${higher}`}`;
}

/**
 * A node that is off the tip, or in the middle of other work that changes it, would fail for reasons of its own. One whose
 * version is not known can't show that it has the new one.
 */
function mayUpgrade(sql: Sql, version: string, now: number): Fragment {
  return sql`n.chainweb_key < ${keyOf(version)} and st.at_tip_at > ${new Date(now - SILENT_MS)}
    and 'stoachain-upgrade' = any(w.runs) and w.fault = '' and not w.paused
    and not exists (select from jobs o where o.node_id = r.node_id and o.ended_at is null and o.mutating
      and o.run = 'agent' and o.state in ('leased', 'running', 'unknown'))`;
}

/** The owner wants another version, on the host or here. */
export function pinned(sql: Sql, kind: CargoKind, version: string): Fragment {
  const hub =
    kind === 'chainweb'
      ? sql`coalesce(wn.chainweb_pin, wo.chainweb_pin, '')`
      : sql`coalesce(wn.pin, wo.pin, '')`;
  const here = sql`(${hub} <> '' and ${hub} <> ${version})`;
  // A host that wants no other chainweb-node denies the kind in its policy: then it is not able to.
  return kind === 'chainweb' ? here : sql`(coalesce(u.pin, '') <> '' and u.pin <> ${version}) or ${here}`;
}

/** Whether what failed can be asked for anew, over r: an order allows so many attempts, and none after a success. */
export function mayAskAgain(sql: Sql, { cargo }: Rollout): Fragment {
  if (cargo.kind !== 'chainweb') return sql`true`;
  return sql`not exists (select from jobs j where j.batch_id = ${cargo.batchId} and j.node_id = r.node_id
    and (j.attempt >= j.max_attempts or j.state = 'succeeded'))`;
}

function running(sql: Sql, kind: ReleaseKind): Fragment {
  return kind === 'payload' ? sql`u.version` : sql`u.runtime`;
}

/** Sorts behind every other: what is no version runs nowhere. It was asked when the rollout was made. */
function keyOf(version: string): string {
  return versionKey(version) ?? '\x7f';
}

/** Comparable; null for what is no version. */
function numbers(sql: Sql, version: Fragment): Fragment {
  return sql`case when ${version} ~ '^[0-9]{1,5}[.][0-9]{1,5}[.][0-9]{1,5}$' then string_to_array(${version}, '.')::int[] end`;
}
