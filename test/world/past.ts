import type { Clock, Timer } from '@stoa/agent';
import type { DbAdapter } from '@stoa/hub';
import { type BenchmarkRun, storePastRuns } from '@stoa/hub/scores';
import { keepBenchmark, pastBenchmarks } from './benchmarks.ts';
import type { Mischief } from './mischief.ts';
import type { Dice } from './random.ts';
import { LIVE_CLONE, TROUBLES, type Trouble } from './troubles.ts';
import { storeWarmUps } from './warm-up.ts';
import type { WorldNode } from './world-node.ts';

export interface PastOptions {
  readonly nodes: readonly WorldNode[];
  /** Of these, whom trouble may befall. */
  readonly troublesome: readonly WorldNode[];
  /** Labels of nodes without a warm-up behind them: who keeps a log is held to what that says, and keeps its benchmark. */
  readonly young: ReadonlySet<string>;
  readonly mischief: Mischief;
  readonly clock: Clock;
  readonly dice: Dice;
}

const HOUR_MS = 3_600_000;
/** Share of the nodes that are in each of these troubles. */
const SHARE = 0.006;
const SINCE_MINUTES = [7, 50] as const;
/** Who was away already stays away: nobody gives it work meanwhile. */
const AWAY_HOURS = [2, 12] as const;
const LOOK_MS = 1_000;
const FIRST_NODES = 20;

/** What a hub would know of a fleet that it has seen since yesterday. */
export interface Past {
  readonly nodeIds: readonly string[];
  readonly troubled: readonly TroubledRow[];
  readonly benchmarks: readonly BenchmarkRun[];
}

/** Of a node that has long been in trouble. */
export interface TroubledRow {
  readonly node_id: string;
  readonly version: string;
  readonly since: Date;
  readonly seen: Date;
  readonly forked: boolean;
  readonly lag: number;
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
  readonly load: number;
}

export async function stagePast(options: PastOptions): Promise<Past> {
  const { nodes, young, clock, dice } = options;
  const benchmarks = pastBenchmarks(nodes, clock.now(), dice.fork('benchmarks'));
  await Promise.all(benchmarks.filter(({ node }) => young.has(node.place.label)).map(keepBenchmark));
  return {
    nodeIds: nodes.filter(({ place }) => !young.has(place.label)).map(({ nodeId }) => nodeId),
    troubled: stageTroubles(options),
    benchmarks: benchmarks.map(({ run }) => run),
  };
}

/**
 * Troubles that began minutes before the world did: the hub calls a node behind or forked after 80 seconds and offline
 * after five minutes, and whoever looks at a fleet for one minute shall see them. What the nodes then say bears out what is
 * stored of them. Two copies of a data directory need no past.
 */
function stageTroubles({ troublesome: nodes, mischief, clock, dice }: PastOptions): readonly TroubledRow[] {
  // One of the first to join, so that its copy can follow soon.
  const twin = dice.pick(nodes.slice(0, FIRST_NODES));
  const rest = nodes.filter((node) => node !== twin);
  const take = (): WorldNode | undefined => {
    const node = rest.length > 0 ? dice.pick(rest) : undefined;
    if (node !== undefined) rest.splice(rest.indexOf(node), 1);
    return node;
  };
  const each = Math.max(1, Math.round(nodes.length * SHARE));
  const rows: TroubledRow[] = [];
  for (const name of ['offline', 'lag', 'stall', 'fork'] as const) {
    for (let i = 0; i < each; i += 1) {
      const node = take();
      if (node === undefined) continue;
      const silent = name === 'offline';
      mischief.inflict(node, troubleOf(name), silent ? dice.number(...AWAY_HOURS) * HOUR_MS : undefined);
      const since = new Date(clock.now() - dice.number(...SINCE_MINUTES) * 60_000);
      rows.push({
        node_id: node.nodeId,
        version: node.place.version,
        since,
        seen: silent ? since : new Date(clock.now()),
        forked: name === 'fork',
        lag: silent ? 0 : dice.integer(5, 40),
        cpu: dice.number(0.1, 0.6),
        memory: dice.number(0.3, 0.8),
        disk: dice.number(0.2, 0.8),
        load: dice.number(0.5, 4),
      });
    }
  }
  whenOnline(twin, clock, () => mischief.inflict(twin, LIVE_CLONE));
  return rows;
}

/** As the hub would have done, before any of them joins. */
export async function storePast(
  database: Pick<DbAdapter, 'sql'>,
  { nodeIds, troubled, benchmarks }: Past,
  clock: { now(): number },
): Promise<void> {
  await storeTroubled(database, troubled);
  await storePastRuns(database.sql, benchmarks);
  await storeWarmUps(database, nodeIds, clock.now());
}

async function storeTroubled({ sql }: Pick<DbAdapter, 'sql'>, rows: readonly TroubledRow[]): Promise<void> {
  const past = JSON.stringify(rows);
  await sql`update nodes n set created_at = n.created_at - interval '3 days', agent_version = r.version
    from json_to_recordset(${past}::text::json) as r(node_id text, version text) where n.node_id = r.node_id`;
  await sql`insert into node_status (node_id, epoch, last_seen, tips, chainweb, forked, at_tip_at, lag, cpu, memory, disk, load)
    select node_id, 0, seen, ''::bytea, 'up', forked, since, lag, cpu, memory, disk, load
    from json_to_recordset(${past}::text::json) as r(node_id text, seen timestamptz, since timestamptz, forked bool,
      lag int, cpu real, memory real, disk real, load real)`;
}

function troubleOf(name: string): Trouble {
  const trouble = TROUBLES.find((one) => one.name === name);
  if (trouble === undefined) throw new Error(`no trouble is called ${name}`);
  return trouble;
}

function whenOnline(node: WorldNode, clock: Clock, act: () => void): Timer {
  return clock.after(LOOK_MS, () => (node.online ? act() : whenOnline(node, clock, act)));
}
