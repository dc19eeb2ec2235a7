import { type CopyEncoder, type Sql, Upsert } from '#seams/db-adapter/index.ts';

/** A row of `node_status`; instants in milliseconds since 1970. */
export interface NodeStatusRow {
  readonly nodeId: string;
  readonly epoch: bigint;
  readonly lastSeen: number;
  /** Of each chain: height u64 BE, hash 32 B; zero where unknown. */
  readonly tips: Uint8Array;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly disk: number | null;
  readonly load: number | null;
  readonly diskFree: number | null;
  readonly peers: number | null;
  readonly rttMs: number | null;
  readonly lag: number | null;
  readonly forked: boolean;
  readonly chainweb: string;
  readonly atTipAt: number | null;
  readonly skewMs: number;
  readonly natIdleS: number;
}

const COLUMNS = [
  'node_id',
  'epoch',
  'last_seen',
  'tips',
  'cpu',
  'memory',
  'disk',
  'load',
  'disk_free',
  'peers',
  'rtt_ms',
  'lag',
  'forked',
  'chainweb',
  'at_tip_at',
  'skew_ms',
  'nat_idle_s',
] as const;

const ROWS_A_PAGE = 1_000;

/** The only SQL of `node_status` that writes: states from memory, in batches. */
export class StatusStore {
  readonly #sql: Sql;
  readonly #upsert: Upsert<NodeStatusRow>;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#upsert = new Upsert<NodeStatusRow>(sql, {
      table: 'node_status',
      key: ['node_id'],
      columns: COLUMNS,
      encode,
      // A node that moved on to another hub, or a flush that comes late, must not turn its state back.
      replaceIf: '(node_status.epoch, node_status.last_seen) <= (excluded.epoch, excluded.last_seen)',
    });
  }

  /** All or none, durable when it resolves; any order, any repetition: the newest state of a node stays. */
  async flush(rows: readonly NodeStatusRow[]): Promise<void> {
    const newest = new Map<string, NodeStatusRow>();
    for (const row of rows) {
      const held = newest.get(row.nodeId);
      if (!held || isNewer(row, held)) newest.set(row.nodeId, row);
    }
    await this.#upsert.write([...newest.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1)));
  }

  /** Everything stored, in pages, in order of node id: what a hub knows when it starts. */
  async *load(): AsyncGenerator<NodeStatusRow[]> {
    const pages = this.#sql<StoredRow[]>`select ${this.#sql([...COLUMNS])} from node_status order by node_id`;
    for await (const page of pages.cursor(ROWS_A_PAGE)) yield page.map(fromStored);
  }
}

function isNewer(row: NodeStatusRow, than: NodeStatusRow): boolean {
  return row.epoch > than.epoch || (row.epoch === than.epoch && row.lastSeen >= than.lastSeen);
}

interface StoredRow {
  node_id: string;
  epoch: bigint;
  last_seen: Date;
  tips: Buffer;
  cpu: number | null;
  memory: number | null;
  disk: number | null;
  load: number | null;
  disk_free: bigint | null;
  peers: number | null;
  rtt_ms: number | null;
  lag: number | null;
  forked: boolean;
  chainweb: string;
  at_tip_at: Date | null;
  skew_ms: bigint;
  nat_idle_s: number;
}

function encode(to: CopyEncoder, row: NodeStatusRow): void {
  to.text(row.nodeId).int8(row.epoch).timestamptz(row.lastSeen).bytea(row.tips);
  to.float4(row.cpu).float4(row.memory).float4(row.disk).float4(row.load).int8(row.diskFree);
  to.int2(row.peers).float4(row.rttMs).int2(row.lag).bool(row.forked).text(row.chainweb);
  to.timestamptz(row.atTipAt).int8(row.skewMs).int4(row.natIdleS);
}

function fromStored(row: StoredRow): NodeStatusRow {
  const { cpu, memory, disk, load, peers, lag, forked, chainweb, tips, epoch } = row;
  return {
    ...{ cpu, memory, disk, load, peers, lag, forked, chainweb, tips, epoch },
    nodeId: row.node_id,
    lastSeen: row.last_seen.getTime(),
    diskFree: row.disk_free === null ? null : Number(row.disk_free),
    rttMs: row.rtt_ms,
    atTipAt: row.at_tip_at === null ? null : row.at_tip_at.getTime(),
    skewMs: Number(row.skew_ms),
    natIdleS: row.nat_idle_s,
  };
}
