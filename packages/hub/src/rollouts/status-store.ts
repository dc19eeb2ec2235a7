import type { UpdateStatus } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import { storableJson } from '../storable.ts';
import { DEADLINE_MS, FAILED, FLYING, told } from './assignment-state.ts';
import { MOST_DEFERRED_MS } from './plan/index.ts';

export interface Said {
  readonly nodeId: string;
  readonly status: UpdateStatus;
  /** Hub time, milliseconds since 1970. */
  readonly at: number;
}

/** States that a word of the node moves; what a person gave up stays so. */
const OPEN = [...FLYING, 'deferred', 'recalling'];
/** Ends of the hub's making that a late word corrects. */
const CORRECTED = ['stuck', 'vanished'];
const LOGGED = ['confirmed', 'rolled-back', 'failed', 'refused', 'cancelled'];
const FAILS = [...FAILED];
/** Ends of one node that are logged within `LOG_DAYS`: an honest one has a few a month, and no other can fill the disk. */
const MOST_LOGGED = 40;
const LOG_DAYS = 30;
/** Words of progress put the deadline off, and not for ever. */
const LONGEST_MS = 3 * DEADLINE_MS;

/** Takes nodes' words about their updates: many in a batch, of each node the newest about each assignment. */
export class StatusStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @returns nodes whose place in a rollout changed. */
  async take(all: readonly Said[]): Promise<readonly string[]> {
    const newest = new Map(all.map((one) => [one.nodeId, one]));
    const words = [...new Map(all.map((one) => [`${one.nodeId} ${idOf(one.status)}`, one])).values()];
    const rows = storableJson(
      words
        .sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1))
        .map((one) => ({ ...toRow(one), newest: newest.get(one.nodeId) === one })),
    );
    return this.#sql.begin(async (tx) => {
      const given = tx`json_to_recordset(${rows}::text::json) as g(node_id text, assignment_id bytea, state text,
        since timestamptz, until timestamptz, reason text, detail text, last_lines text[], target text, version text,
        slot text, runtime text, platform text, launcher text, update_only boolean, previous text[], blacklist text[],
        root_version bigint, targets_version bigint, timestamp_version bigint, timestamp_at timestamptz, channel text,
        pin text, defer_until timestamptz, "window" text, said_at timestamptz, told text, newest boolean)`;
      // An end is logged once: each session says again where it stands.
      await tx`
        insert into node_update_log (node_id, at, assignment_id, state, target, version, reason, detail, last_lines)
        select g.node_id, g.said_at, g.assignment_id, g.state, g.target, g.version, g.reason, g.detail, g.last_lines
        from ${given} left join node_updates u on u.node_id = g.node_id
        where g.state = any(${LOGGED}::text[]) and (u.node_id is null
          or (u.assignment_id, u.state, u.target) is distinct from (g.assignment_id, g.state, g.target))
          and (select count(*) from (select from node_update_log l where l.node_id = g.node_id
            and l.at > g.said_at - make_interval(days => ${LOG_DAYS}) limit ${MOST_LOGGED}) logged) < ${MOST_LOGGED}`;
      await tx`
        insert into node_updates as u (${tx.unsafe(COLUMNS.join(', '))})
        select ${tx.unsafe(COLUMNS.map((name) => `g.${name}`).join(', '))} from ${given} where g.newest
        on conflict (node_id) do update set ${tx.unsafe(
          COLUMNS.slice(1)
            .map((name) => `${name} = excluded.${name}`)
            .join(', '),
        )}`;
      const moved = await tx<{ node_id: string }[]>`
        update rollout_nodes r set
          state = case when g.told = 'waiting' and r.state <> 'recalling' then 'refused' else g.told end,
          reason = case when g.told = 'waiting' and r.state <> 'recalling' then 'cancelled on the host' else g.reason end,
          assignment_id = case when g.told = 'waiting' and r.state = 'recalling' then null else r.assignment_id end,
          confirmed_at = case when g.told = 'confirmed' then coalesce(r.confirmed_at, g.said_at) else r.confirmed_at end,
          settled_at = case when g.told = any(${[...FAILS, 'refused']}::text[])
            or g.told = 'waiting' and r.state <> 'recalling' then g.said_at else null end,
          deadline = case when g.told = 'deferred'
            then least(coalesce(g.until, 'infinity'), r.assigned_at + make_interval(secs => ${MOST_DEFERRED_MS / 1_000}))
            else least(greatest(r.deadline, g.said_at + make_interval(secs => ${DEADLINE_MS / 1_000})),
              r.assigned_at + make_interval(secs => ${LONGEST_MS / 1_000})) end
        from ${given}
        where r.node_id = g.node_id and r.assignment_id = g.assignment_id and g.told is not null
          and r.state <> g.told
          and (r.state = any(${OPEN}::text[]) and not (r.state = 'recalling' and g.told = any(${[...FLYING, 'deferred']}::text[]))
            or r.state = any(${CORRECTED}::text[])
            or r.state = 'confirmed' and g.told in ('rolled-back', 'failed'))
        returning r.node_id`;
      return moved.map((row) => row.node_id);
    });
  }
}

const COLUMNS = [
  ...[
    'node_id',
    'assignment_id',
    'state',
    'since',
    'until',
    'reason',
    'detail',
    'last_lines',
    'target',
    'version',
  ],
  ...['slot', 'runtime', 'platform', 'launcher', 'update_only', 'previous', 'blacklist', 'root_version'],
  ...[
    'targets_version',
    'timestamp_version',
    'timestamp_at',
    'channel',
    'pin',
    'defer_until',
    '"window"',
    'said_at',
  ],
];

function toRow({ nodeId, status, at }: Said): object {
  return {
    node_id: nodeId,
    assignment_id: idOf(status),
    state: status.state,
    // Any peer's number: a date that no clock reaches would fail the statement for all.
    since: instantOf(status.since) ?? new Date(at),
    until: instantOf(status.until),
    reason: status.reason,
    detail: status.detail,
    last_lines: status.lastLines,
    target: status.target,
    version: status.version,
    slot: status.slot,
    runtime: status.runtime,
    platform: status.platform,
    launcher: status.launcher,
    update_only: status.updateOnly,
    previous: status.previous,
    blacklist: status.blacklist,
    root_version: status.rootVersion,
    targets_version: status.targetsVersion,
    timestamp_version: status.timestampVersion,
    timestamp_at: instantOf(status.timestampAt),
    channel: status.channel,
    pin: status.pin,
    defer_until: instantOf(status.deferUntil),
    window: status.window,
    said_at: new Date(at),
    told: told(status.state) ?? null,
  };
}

/** As PostgreSQL writes it. */
function idOf({ assignment }: UpdateStatus): string | null {
  return assignment === undefined ? null : `\\x${Buffer.from(assignment).toString('hex')}`;
}

/** The year 9999: PostgreSQL and `Date` both hold it. */
const LAST_INSTANT = 253_402_300_799_000;

function instantOf(ms: number): Date | null {
  return ms > 0 && ms <= LAST_INSTANT ? new Date(ms) : null;
}
