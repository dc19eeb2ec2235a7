import type { Clock, DbAdapter } from '@stoa/hub';
import { hashBytes } from '@stoa/protocol/chainweb';
import type { SimulatedNetwork, SimulatedNode } from '../chainweb/index.ts';
import { PEOPLE, TOWNS } from './places.ts';

export interface BackdropOptions {
  readonly database: Pick<DbAdapter, 'sql'>;
  readonly clock: Clock;
  readonly network: SimulatedNetwork;
  readonly nodes: number;
  /** Of the region that the nodes are in. */
  readonly region: string;
  readonly signal: AbortSignal;
  readonly onSeeded: (nodes: number) => void;
}

/** Rows a statement, so that an abort is heeded soon. */
const SEED_ROWS = 10_000;
/** Node ids begin with a byte: so many of the 256 are refreshed at each turn, all within half a minute. */
const BYTES_A_TURN = 8;
const TURN_MS = 900;
/** A node that was silent for so long is one that is meant to be. */
const SILENT_MS = 3 * 60_000;
const TAG = 'seeded';

/**
 * Nodes that are rows and nothing else, for a look at the console at a size that no process can hold as agents. Of a
 * hundred about 94 are at the tip, and those are kept fresh; each other state has some.
 * @throws the signal's reason where it aborts.
 */
export async function seedBackdrop(options: BackdropOptions): Promise<void> {
  if (options.nodes === 0) return;
  const backdrop = new Backdrop(options);
  await backdrop.fill();
  backdrop.keepFresh();
}

class Backdrop {
  readonly #options: BackdropOptions;
  readonly #view: SimulatedNode;
  #from = 0;

  constructor(options: BackdropOptions) {
    this.#options = options;
    this.#view = options.network.addNode({ name: 'backdrop', propagationMs: 2_000 });
  }

  async fill(): Promise<void> {
    const { nodes, signal, database, onSeeded } = this.#options;
    for (let first = 0; first < nodes; first += SEED_ROWS) {
      signal.throwIfAborted();
      const count = Math.min(SEED_ROWS, nodes - first);
      await this.#seed(first, count);
      onSeeded(first + count);
    }
    await database.sql`analyze nodes, node_status, node_descriptions`;
  }

  async #seed(first: number, count: number): Promise<void> {
    const { database, clock, region } = this.#options;
    const at = new Date(clock.now());
    const towns = TOWNS.map(({ name }) => name);
    const areas = TOWNS.map(({ area }) => area);
    const tips = this.#tips();
    await database.sql.begin(async (tx) => {
      await tx`create temporary table seed on commit drop as
        select i, encode(sha256(convert_to('backdrop ' || i, 'UTF8')), 'hex') as node_id,
          abs(hashint4(i)) % 1000 as dice, (abs(hashint4(i + 7)) % 1000) / 1000.0 as spread
        from generate_series(${first}::int, ${first + count - 1}::int) as i`;
      await tx`insert into nodes (node_id, label, owner, region, hw_type, tags, public_key, node_cert, simulated,
          created_at, agent_version, chainweb_version, retired_at, refused_at, quarantined_at, quarantine_reason, disputed_at)
        select node_id, (${towns}::text[])[1 + i % ${towns.length}] || '-' || 1000 + i / ${towns.length},
          (${[...PEOPLE]}::text[])[1 + (i / 8) % ${PEOPLE.length}] || (i / 8) / ${PEOPLE.length} || '@stoa.example', ${region},
          'unknown', array[(${areas}::text[])[1 + i % ${towns.length}], ${TAG}], '\\x00', '\\x00', true,
          ${at}::timestamptz - make_interval(hours => 30 + i % 900),
          case when dice not between 46 and 48 then (array['0.1.0', '0.1.0', '0.1.0', '0.0.9'])[1 + i % 4] end,
          case when dice not between 46 and 48 then '2.32.0' end,
          case when dice < 3 then ${at}::timestamptz - interval '9 days' end,
          case when dice between 3 and 4 then ${at}::timestamptz - interval '4 days' end,
          case when dice between 5 and 6 then ${at}::timestamptz - interval '5 hours' end,
          case when dice between 5 and 6 then 'known by its certificate only: the database was restored from before it joined' end,
          case when dice = 7 then ${at}::timestamptz - interval '47 minutes' end
        from seed`;
      await tx`insert into node_status (node_id, epoch, last_seen, tips, cpu, memory, disk, load, disk_free, peers, rtt_ms,
          lag, forked, chainweb, at_tip_at, skew_ms, nat_idle_s)
        select node_id, 1, seen, ${tips}, 0.05 + spread * 0.6, 0.3 + spread * 0.5, 0.2 + spread * 0.7, spread * 6,
          (spread * 4e11)::bigint, 20 + i % 80, 8 + spread * 140, lag, dice between 44 and 45,
          case when dice between 38 and 40 then 'down' else 'up' end,
          case when dice between 41 and 43 then null when lag > 3 then seen - interval '20 minutes' else seen end,
          (i % 900) - 450, case when i % 3 = 0 then 240 else 0 end
        from (select *, ${at}::timestamptz - make_interval(secs => case when dice between 8 and 30 then 900 + spread * 80000
              else spread * 25 end) as seen,
            case when dice between 31 and 45 then 4 + (spread * 60)::int else i % 2 end as lag
          from seed where dice not between 46 and 48) s`;
      await tx`insert into node_descriptions (node_id, agent_version, chainweb_version, supervision, argv, host, described_at)
        select node_id, (array['0.1.0', '0.1.0', '0.1.0', '0.0.9'])[1 + i % 4], '2.32.0', 'systemd', ${tx.json(ARGV)},
          ${tx.json(HOST)}, ${at}::timestamptz - interval '3 hours'
        from seed where dice not between 46 and 48`;
    });
  }

  /** Until the signal aborts. */
  keepFresh(): void {
    this.#options.clock.after(TURN_MS, () => {
      if (this.#options.signal.aborted) return;
      void this.#refresh().then(() => this.keepFresh());
    });
  }

  /** What a heartbeat would have brought, for the nodes whose turn it is. */
  async #refresh(): Promise<void> {
    const { database, clock } = this.#options;
    const now = new Date(clock.now());
    const [least, most] = [hex(this.#from), hex(this.#from + BYTES_A_TURN - 1)];
    this.#from = (this.#from + BYTES_A_TURN) % 256;
    await database.sql`update node_status s set last_seen = ${now},
        tips = case when s.lag <= 3 then ${this.#tips()} else s.tips end,
        at_tip_at = case when s.lag <= 3 and s.chainweb = 'up' then ${now} else s.at_tip_at end,
        cpu = least(0.98, greatest(0.02, s.cpu + (random() - 0.5) * 0.06)),
        load = least(16, greatest(0.05, s.load + (random() - 0.5) * 0.4))
      from nodes n where n.node_id = s.node_id and s.node_id between ${least} and ${`${most}g`}
        and ${TAG} = any(n.tags) and s.last_seen > ${new Date(now.getTime() - SILENT_MS)}`;
  }

  /** As `node_status.tips` holds them: height and hash of each chain. */
  #tips(): Buffer {
    const tips = this.#view.cut().tips.map(({ height, hash }) => {
      const packed = Buffer.alloc(40);
      packed.writeBigUInt64BE(BigInt(height));
      packed.set(hashBytes(hash), 8);
      return packed;
    });
    return Buffer.concat(tips);
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

const ARGV = [
  '/usr/local/bin/chainweb-node',
  '--database-directory',
  '/var/lib/chainweb',
  '--p2p-port=1789',
  '--service-port=1848',
  '--enable-mempool-p2p',
  '--enable-backup-api',
  '+RTS',
  '-T',
  '-N',
];
const HOST = {
  hostname: 'seeded.stoa.example',
  platform: 'linux-x64',
  distribution: 'Debian GNU/Linux 13 (trixie)',
  kernel: '6.12.48+deb13-amd64',
  cpuModel: 'AMD EPYC 7443P',
  cpuCores: 8,
  memTotalMb: 32_048,
  committedPath: '/var/lib/chainweb',
  committedGb: 200,
  driveCommittedGb: 200,
};
