import type { Clock, Timer } from '@stoa/agent';
import type { DbAdapter } from '@stoa/hub';
import type { Mischief } from './mischief.ts';
import type { Dice } from './random.ts';
import { LIVE_CLONE, TROUBLES, type Trouble } from './troubles.ts';
import type { WorldNode } from './world-node.ts';

export interface Past {
  readonly nodes: readonly WorldNode[];
  readonly mischief: Mischief;
  readonly database: Pick<DbAdapter, 'sql'>;
  readonly clock: Clock;
  readonly dice: Dice;
}

/** Share of the nodes that are in each of these troubles. */
const SHARE = 0.006;
const SINCE_MINUTES = [7, 50] as const;
const LOOK_MS = 1_000;
const FIRST_NODES = 20;

/**
 * Troubles that began minutes before the world did: the hub calls a node behind or forked after 80 seconds and offline
 * after five minutes, and whoever looks at a fleet for one minute shall see them. Their states are stored as the hub
 * would have done; what the nodes then say bears it out. Two copies of a data directory need no past.
 */
export async function stagePast({ nodes, mischief, database: { sql }, clock, dice }: Past): Promise<void> {
  // One of the first to join, so that its copy can follow soon.
  const twin = dice.pick(nodes.slice(0, FIRST_NODES));
  const rest = nodes.filter((node) => node !== twin);
  const take = (): WorldNode | undefined => {
    const node = rest.length > 0 ? dice.pick(rest) : undefined;
    if (node !== undefined) rest.splice(rest.indexOf(node), 1);
    return node;
  };
  const each = Math.max(1, Math.round(nodes.length * SHARE));
  const rows = [];
  for (const name of ['offline', 'lag', 'stall', 'fork'] as const) {
    for (let i = 0; i < each; i += 1) {
      const node = take();
      if (node === undefined) continue;
      mischief.inflict(node, troubleOf(name));
      const since = new Date(clock.now() - dice.number(...SINCE_MINUTES) * 60_000);
      const silent = name === 'offline';
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
  const past = JSON.stringify(rows);
  await sql`update nodes n set created_at = n.created_at - interval '3 days', agent_version = r.version
    from json_to_recordset(${past}::text::json) as r(node_id text, version text) where n.node_id = r.node_id`;
  await sql`insert into node_status (node_id, epoch, last_seen, tips, chainweb, forked, at_tip_at, lag, cpu, memory, disk, load)
    select node_id, 0, seen, ''::bytea, 'up', forked, since, lag, cpu, memory, disk, load
    from json_to_recordset(${past}::text::json) as r(node_id text, seen timestamptz, since timestamptz, forked bool,
      lag int, cpu real, memory real, disk real, load real)`;
  whenOnline(twin, clock, () => mischief.inflict(twin, LIVE_CLONE));
}

function troubleOf(name: string): Trouble {
  const trouble = TROUBLES.find((one) => one.name === name);
  if (trouble === undefined) throw new Error(`no trouble is called ${name}`);
  return trouble;
}

function whenOnline(node: WorldNode, clock: Clock, act: () => void): Timer {
  return clock.after(LOOK_MS, () => (node.online ? act() : whenOnline(node, clock, act)));
}
