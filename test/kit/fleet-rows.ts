import { createHash } from 'node:crypto';
import type { HistoryRecorder } from '@stoa/hub/history';
import type { NetworkHead, NetworkHeads } from '@stoa/hub/nodes';
import type { Sql } from 'postgres';

const CHAINS = 10;
const HEIGHT = 1_234_500;
const HOUR = 3_600_000;

/** Verified heads that stand still, and whose hash of any height is known: what seeded rows are measured against. */
export function standingHeads(now: number): NetworkHeads {
  const heads: NetworkHead[] = Array.from({ length: CHAINS }, (_, chain) => ({
    chain,
    height: HEIGHT + (chain % 2),
    hash: tipHash(chain, HEIGHT + (chain % 2)),
    at: now - 4_000 - chain * 3_700,
  }));
  const heightOf = new Map(
    heads.flatMap(({ chain, height }) =>
      Array.from({ length: 500 }, (_, lag) => [tipHash(chain, height - lag), height - lag] as const),
    ),
  );
  return {
    heads: () => heads,
    lag: (tips) =>
      Array.from(tips, ({ chain, hash }) => {
        const height = heightOf.get(hash);
        const lag = height === undefined ? null : heads[chain]!.height - height;
        const state = lag === null ? 'unknown' : lag === 0 ? 'tip' : 'behind';
        return { chain, lag, state } as const;
      }),
  };
}

function tipHash(chain: number, height: number): string {
  return createHash('sha256').update(`${chain}:${height}`).digest('base64url');
}

/**
 * Fills an empty database with a lively fleet, the same for the same arguments: of a hundred nodes about 94 are online,
 * and each of the other states has some. Labels are `node-000001` and so on.
 */
export async function seedFleet(sql: Sql, { nodes, now }: { nodes: number; now: number }): Promise<void> {
  const at = new Date(now);
  await sql.begin(async (tx) => {
    await tx`create temporary table seed on commit drop as
      select i, encode(sha256(convert_to('node ' || i, 'UTF8')), 'hex') as node_id,
        abs(hashint4(i)) % 1000 as dice, (abs(hashint4(i + 7)) % 1000) / 1000.0 as spread
      from generate_series(1, ${nodes}::int) as i`;
    await tx`insert into nodes (node_id, label, owner, region, role, hw_type, tags, public_key, node_cert, simulated,
        created_at, agent_version, chainweb_version, listed_state, listed_lag, retired_at, refused_at, quarantined_at, quarantine_reason, disputed_at)
      select node_id, 'node-' || lpad(i::text, 6, '0'), 'owner' || i % 97 || '@stoa.example',
        (array['eu', 'na', 'apac', 'latam', 'af'])[1 + i % 5], 'miner', 'vps',
        array_remove(array[case when i % 20 = 0 then 'lab' end, case when i % 3 = 0 then 'rack-' || i / 1000 end], null), '\\x00', '\\x00', i % 4 = 0,
        ${at}::timestamptz - make_interval(hours => 30 + i % 900),
        case when dice not between 46 and 48 then (array['1.4.2', '1.4.2', '1.4.2', '1.4.1', '1.3.9'])[1 + i % 5] end,
        case when dice not between 46 and 48 then '2.32' end,
        case when dice < 3 then 'retired' when dice < 5 then 'refused' when dice < 7 then 'quarantined'
          when dice = 7 then 'disputed' when dice < 22 then 'offline' when dice < 31 then 'late' when dice < 41 then 'behind'
          when dice < 44 then 'syncing' when dice < 46 then 'forked' when dice < 49 then 'new' else 'online' end,
        case when dice between 31 and 40 then width_bucket(4 + (spread * 60)::int, array[4, 8, 16, 32, 64])
          when dice between 41 and 43 then 7
          when dice between 46 and 48 then -1 else 0 end,
        case when dice < 3 then ${at}::timestamptz - interval '9 days' end,
        case when dice between 3 and 4 then ${at}::timestamptz - interval '4 days' end,
        case when dice between 5 and 6 then ${at}::timestamptz - interval '5 hours' end,
        case when dice between 5 and 6 then 'known by its certificate only: the database was restored from before it joined' end,
        case when dice = 7 then ${at}::timestamptz - interval '47 minutes' end
      from seed`;
    // What of a node's frames and tips is how old, by the same dice.
    await tx`insert into node_status (node_id, epoch, last_seen, tips, cpu, memory, disk, load, disk_free, peers, rtt_ms,
        lag, forked, chainweb, at_tip_at, skew_ms, nat_idle_s)
      select node_id, 1, seen, tips, 0.05 + spread * 0.9, 0.3 + spread * 0.5, 0.2 + spread * 0.78, spread * 6,
        (spread * 4e11)::bigint, 4 + i % 60, 8 + spread * 140, lag, forked,
        case when dice between 38 and 40 then 'down' else 'up' end, tip, (i % 900) - 450, case when i % 3 = 0 then 240 else 0 end
      from (select *, ${at}::timestamptz - make_interval(secs => case when dice between 8 and 21 then 900 + spread * 80000
            when dice between 22 and 30 then 110 + spread * 90 else spread * 30 end) as seen,
          case when dice between 31 and 40 then 4 + (spread * 60)::int when dice between 41 and 43 then 300
            when dice between 44 and 45 then 1 else 0 end as lag,
          dice between 44 and 45 as forked
        from seed where dice not between 46 and 48) s
      cross join lateral (select case when dice between 41 and 43 then null
          when dice between 31 and 45 then seen - interval '20 minutes' else seen end as tip) t
      cross join lateral (select string_agg(int8send(${HEIGHT}::bigint + c % 2 - lag)
          || sha256(convert_to(c || ':' || (${HEIGHT}::bigint + c % 2 - lag), 'UTF8')), ''::bytea order by c) as tips
        from generate_series(0, ${CHAINS - 1}) as c) p`;
    await tx`insert into node_descriptions (node_id, agent_version, chainweb_version, supervision, argv, host, settings,
        components, described_at)
      select node_id, (array['1.4.2', '1.4.2', '1.4.2', '1.4.1', '1.3.9'])[1 + i % 5], '2.32', 'systemd',
        ${tx.json(ARGV)}, ${tx.json(HOST)}, ${tx.json(SETTINGS)}, ${tx.json(COMPONENTS)}, ${at}::timestamptz - interval '3 hours'
      from seed where dice not between 46 and 48`;
    await tx`insert into sessions (node_id, instance_id, epoch, session_id, boot_id, ratchet_current, connected_at, version,
        protocol, address, transport)
      select node_id, 'hub-1', 4294967297 + i % 12, left(md5(node_id), 22), left(md5('boot' || i), 16), '\\x00',
        ${at}::timestamptz - make_interval(mins => i % 3000), '1.4.2', 1, '203.0.113.' || i % 250, 'websocket'
      from seed where dice not between 46 and 48`;
    await tx`insert into node_events (at, node_id, kind, detail)
      select ${at}::timestamptz - make_interval(mins => 17 * e), node_id,
        (array['session-opened', 'session-closed', 'key-rotated'])[1 + e % 3], ${tx.json({ address: '203.0.113.7', reason: 'replaced' })}
      from seed, generate_series(1, 3) as e where i <= 1000`;
  });
  // Also cleans up behind the inserts, as hours of standing would have done: else it is done while somebody measures.
  await sql`vacuum (analyze)`;
}

/**
 * A day of samples with an hour or more missing: what the charts of one node show.
 * @param shift hours by which the gap lies earlier, and what another swing of the load begins with.
 */
export function seedHistory(recorder: HistoryRecorder, nodeId: string, now: number, shift = 0): void {
  for (let at = now - 24 * HOUR + 60_000; at < now; at += 5 * 60_000) {
    const ago = (now - at) / HOUR - (shift % 17);
    if (ago > 5 && ago < 6 + (shift % 3)) continue;
    const swing = (Math.sin(at / (1.7 * HOUR) + shift) + Math.sin(at / (0.31 * HOUR)) * 0.3 + 1.3) / 2.6;
    recorder.record(nodeId, at, {
      cpu: 0.08 + swing * 0.6,
      memory: 0.52 + swing * 0.1,
      disk: 0.71 + (at - now) / (900 * HOUR),
      load: swing * 3.4,
      network_in: 180 + swing * 3_600,
      network_out: 90 + swing * 1_400,
      rtt: 24 + swing * 40,
      peers: Math.round(12 + swing * 30),
      lag: 0,
    });
  }
}

const ARGV = [
  'chainweb-node',
  '--chainweb-version',
  'stoa',
  '--database-directory',
  '/var/lib/chainweb',
  '--p2p-hostname',
  'node.stoa.example',
  '--p2p-port=1789',
  '--service-port',
  '1848',
  '--enable-mempool-p2p',
  '--full-historic-pact-state',
  '+RTS',
  '-T',
  '-N',
];
const HOST = {
  hostname: 'node.stoa.example',
  platform: 'linux x64',
  distribution: 'Debian GNU/Linux 12',
  kernel: '6.1.0-28-amd64',
  cpuModel: 'AMD EPYC 7443P',
  cpuCores: 8,
  memTotalMb: 32_048,
  committedPath: '/var/lib/chainweb',
  committedGb: 200,
  driveCommittedGb: 200,
  process: { pid: 4711, supervision: 'systemd', supervisor: 'chainweb-node.service', rssMb: 2_411 },
};
const SETTINGS = [
  { name: 'hub-url', value: 'wss://hub.stoa.example', isDefault: false },
  { name: 'chainweb-url', value: 'http://127.0.0.1:1848', isDefault: true },
  { name: 'log-level', value: 'info', isDefault: true },
];
const COMPONENTS = [
  { name: 'chainweb', state: 'ok', why: 'answers in 4 ms', since: 0 },
  { name: 'disk', state: 'warn', why: 'the committed path has 11 % left', since: 0 },
];
