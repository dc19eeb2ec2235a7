import { GateTable, judge } from '@stoa/hub/gates';
import { openUrl } from '@stoa/hub/seams/db-adapter/index';
import { GATES, type Gauges, type Heartbeat } from '@stoa/protocol';
import { argvFaults, lateTipMs } from '@stoa/protocol/stoicism';
import { type PlainNode, plainReasons } from '../../test/kit/plain-gates.ts';
import { startPostgres } from '../../test/kit/postgres.ts';
import { type Bench, cpuOf, quantile, result, round } from './result.ts';

const NODES = 500_000;
const CHANGING = 0.1;
const TICKS = 9;
const TARGET_S = 0.5;
const MINUTE = 60_000;
const START = 30_000_000;
const HEARTBEAT_MS = 30_000;
const LAGS = [0, 1, 2, 3, 4, 9] as const;

const gaugesOf = (peers: number, diskFreeMb: number): Gauges => ({
  ...{ cpuPermille: 0, loadCenti: 0, memUsedMb: 0, memTotalMb: 0, diskFreeMb, diskTotalMb: 1 },
  ...{ rxKbps: 0, txKbps: 0, peers, rttMs: 1 },
});

/**
 * One tick of the gates over 500,000 nodes in memory, a tenth of which said something else than the minute before: what a
 * tenth says is taken in, every tip is judged, every node is judged. CPU of this process, median of nine. Peer: one row a tick
 * and node in SQL, as the field does it, 50,000 of them and scaled.
 */
export const benchGates: Bench = async ({ say }) => {
  const table = new GateTable();
  const nodes = Array.from({ length: NODES }, (_, i) => plainNode(i));
  for (const [i, node] of nodes.entries()) join(table, i, node);
  say(`${NODES} nodes in ${round(table.bytes / 2 ** 20)} MiB of columns`);
  const late = lateTipMs(HEARTBEAT_MS);
  const cpu: number[] = [];
  const passes: number[] = [];
  let wrong = 0;
  for (let tick = 0; tick < TICKS; tick += 1) {
    const minute = START + tick;
    const changed = changes(nodes, tick, minute);
    keepAlive(table, nodes, minute);
    const spent = await cpuOf(() => {
      for (const i of changed) retell(table, i, nodes[i]!, minute);
      table.marks.judge(({ hash }) => Number(hash.slice(hash.indexOf('/') + 1)) <= 3);
      judge(table, minute, late);
    });
    cpu.push(spent / 1_000);
    passes.push((await cpuOf(() => void judge(table, minute, late))) / 1_000);
    wrong += differing(table, nodes, minute);
  }
  const sorted = cpu.toSorted((a, b) => a - b);
  const value = quantile(sorted, 0.5);
  const peer = await rowsInSql();
  say(`tick ${round(value)} s of CPU; ${wrong} verdicts differ from the plain evaluator`);
  return result({
    bench: 'stoicism-gates',
    value: round(value),
    unit: 's of CPU a tick',
    target: TARGET_S,
    better: 'lower',
    peer: { name: 'a row a tick and node in SQL, s of client CPU', value: round(peer.cpu) },
    pass: value <= TARGET_S && wrong === 0,
    detail: {
      nodes: NODES,
      changing: CHANGING,
      differing: wrong,
      passAloneS: round(
        quantile(
          passes.toSorted((a, b) => a - b),
          0.5,
        ),
      ),
      worstS: round(sorted.at(-1)!),
      columnsMiB: round(table.bytes / 2 ** 20),
      rssMiB: round(process.memoryUsage.rss() / 2 ** 20),
      peerWallS: round(peer.wall),
    },
  });
};

function plainNode(i: number): PlainNode {
  return {
    account: i % 12 !== 0,
    micro: i % 17 === 0 ? 0 : 1_000_000,
    lags: Array.from({ length: 10 }, (_, chain) => LAGS[(i * 7 + chain) % (i % 5 === 0 ? 6 : 4)]!),
    beatAt: START * MINUTE - 20_000,
    warmMinutes: i % 9 === 0 ? 30 : 1_440,
    freeMb: i % 11 === 0 ? 10 : 1_000_000,
    committedGb: 100,
    driveCommittedGb: 100,
    argvFaults: i % 13 === 0 ? ['private'] : [],
    chainweb: i % 19 === 0 ? 'down' : 'up',
    servedUntil: i % 23 === 0 ? 0 : (START + 1_000) * MINUTE,
  };
}

function join(table: GateTable, i: number, node: PlainNode): void {
  const nodeId = idOf(i);
  table.open({ nodeId, epoch: 1, sessionId: '', bootId: '' }, [], START * MINUTE - 30_000);
  const state = { minute: START - 1, reasons: 0, offMinutes: 0, creditedAt: 0, credited: 0 };
  table.loaded(nodeId, { ...state, warmMinutes: node.warmMinutes }, 0);
  const slot = table.slotOf(nodeId)!;
  table.know(slot, 'account', node.account);
  table.know(slot, 'benchmark', node.micro > 0);
  table.columns.servedUntil[slot] = node.servedUntil;
  table.described(nodeId, {
    argvOk: node.argvFaults.length === 0,
    committedGb: node.committedGb,
    driveCommittedGb: node.driveCommittedGb,
  });
  tell(table, i, node, node.beatAt);
}

/** A tenth of the nodes, other ones each tick: another tip on each chain, other gauges, at times other arguments. */
function changes(nodes: PlainNode[], tick: number, minute: number): number[] {
  const changed: number[] = [];
  for (let i = tick % 10; i < NODES; i += 1 / CHANGING) {
    const node = nodes[i]!;
    node.lags = node.lags.map((_, chain) => LAGS[(i + chain + tick) % (i % 3 === 0 ? 6 : 4)]!);
    node.freeMb = (i + tick) % 4 === 0 ? 10 : 1_000_000;
    node.chainweb = (i + tick) % 6 === 0 ? 'stopped' : 'up';
    node.beatAt = minute * MINUTE + 50_000;
    changed.push(i);
  }
  return changed;
}

/** The heartbeats of those that have nothing new: what the gateway's own work is, not the tick's. */
function keepAlive(table: GateTable, nodes: PlainNode[], minute: number): void {
  const at = minute * MINUTE + 40_000;
  for (const [i, node] of nodes.entries()) {
    const slot = table.slotOf(idOf(i))!;
    if (i % 29 === 0) continue;
    node.beatAt = Math.max(node.beatAt, at);
    table.columns.beatAt[slot] = node.beatAt;
    table.columns.heardAt[slot] = at;
  }
}

const retell = (table: GateTable, i: number, node: PlainNode, minute: number): void => {
  tell(table, i, node, minute * MINUTE + 50_000);
};

function tell(table: GateTable, i: number, node: PlainNode, at: number): void {
  const nodeId = idOf(i);
  const beat: Pick<Heartbeat, 'gauges' | 'chainweb'> = {
    gauges: gaugesOf(9, node.freeMb),
    chainweb: node.chainweb,
  };
  table.heard({ nodeId, epoch: 1 }, at);
  table.beat(nodeId, beat, at);
  for (const [chain, lag] of node.lags.entries()) table.tip(nodeId, { chain, hash: HASHES[chain]![lag!]! });
}

const HASHES = Array.from({ length: 10 }, (_, chain) =>
  Array.from({ length: 10 }, (_, lag) => `${chain}/${lag}`),
);
const ids: string[] = [];
function idOf(i: number): string {
  ids[i] ??= i.toString(16).padStart(64, '0');
  return ids[i];
}

/** Nodes whose reason bits are not those of the plain evaluator. */
function differing(table: GateTable, nodes: readonly PlainNode[], minute: number): number {
  let count = 0;
  for (const [i, node] of nodes.entries()) {
    const slot = table.slotOf(idOf(i))!;
    const { warm, reasons } = table.columns;
    const plain = plainReasons(
      { ...node, warmMinutes: warm.minutes[slot]! },
      (minute + 1) * MINUTE,
      HEARTBEAT_MS,
    );
    const bits = plain.reduce((all, gate) => all | (1 << (GATES as readonly string[]).indexOf(gate)), 0);
    if (bits !== reasons[slot]) count += 1;
  }
  return count;
}

/** What a tick would cost as rows: 50,000 of them written, scaled to all. */
async function rowsInSql(): Promise<{ cpu: number; wall: number }> {
  const rows = 50_000;
  await using server = await startPostgres();
  const quiet = { debug: () => undefined, info: () => undefined, warn: console.warn, error: console.error };
  await using database = await openUrl({ url: server.url, log: quiet });
  const { sql } = database;
  await sql`create table gate_rows (node_id text, minute int, reasons smallint, primary key (node_id, minute))`;
  const began = performance.now();
  const cpu = await cpuOf(async () => {
    for (let from = 0; from < rows; from += 5_000) {
      const some = Array.from({ length: 5_000 }, (_, i) => idOf(from + i));
      await sql`insert into gate_rows select id, ${START}, ${argvFaults([]).length} from unnest(${some}::text[]) id`;
    }
  });
  const scale = NODES / rows;
  return { cpu: (cpu * scale) / 1_000, wall: ((performance.now() - began) * scale) / 1_000 };
}
