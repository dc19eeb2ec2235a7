/**
 * Days of a fleet in trouble, on virtual time, by a seed: hub, chain and real agent cores in this process over a real
 * database. CI runs hours of a few nodes; `STOA_SIMULATION=168x1000` runs a week of a thousand, `…@7` by another seed.
 */
import { join } from 'node:path';
import { MemoryDisk } from '@stoa/agent';
import { findNode, verifyDay } from '@stoa/agent/simulation';
import { describe, expect, it } from 'vitest';
import { VirtualWorld } from './world/virtual-world.ts';
import type { WorldNode } from './world/world-node.ts';
import { placesOf } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Until a node that is well again has found its hub: the longest back-off, and a heartbeat. */
const RECOVERY_MS = 12 * MINUTE;

function size(): { hours: number; nodes: number; seed: number } {
  const [, hours = '2', nodes = '5', seed = '1'] =
    /^(\d+)x(\d+)(?:@(\d+))?$/.exec(process.env['STOA_SIMULATION'] ?? '') ?? [];
  return { hours: Number(hours), nodes: Number(nodes), seed: Number(seed) };
}

/** Remembers since when each node has been out of trouble. */
class Wellness {
  readonly #world: VirtualWorld;
  readonly #lastTrouble = new Map<WorldNode, number>();

  constructor(world: VirtualWorld) {
    this.#world = world;
  }

  look(): void {
    const now = this.#world.clock.monotonic();
    for (const node of this.#world.world.mischief!.active.keys()) this.#lastTrouble.set(node, now);
  }

  /** Those that have been well for so long. */
  well(sinceMs: number): WorldNode[] {
    const before = this.#world.clock.monotonic() - sinceMs;
    return this.#world.world.nodes.filter((node) => (this.#lastTrouble.get(node) ?? 0) <= before);
  }
}

async function minutesOf({ hub }: VirtualWorld, node: WorldNode, hubHour: number): Promise<bigint> {
  const [row] = await hub.database.sql<{ minutes: bigint }[]>`
    select coalesce(bit_or(minutes), 0) as minutes from uptime_words where node_id = ${node.nodeId} and hub_hour = ${hubHour}`;
  return row!.minutes;
}

/** How the hours of today stand by the evidence on the node's own disk. */
async function verdictsOf({ clock }: VirtualWorld, { machine, place }: WorldNode): Promise<string[]> {
  const { disk } = machine;
  const files = await findNode(disk, { dataDir: '/var/lib/stoa-agent', instance: 'default' });
  const asked = { day: Math.floor(clock.now() / (24 * HOUR)), documents: [] };
  const { reports } = await verifyDay({ disk, settle: async () => undefined }, files!, asked);
  return reports.flatMap(({ verdict, findings }) =>
    verdict === 'differs'
      ? findings.flatMap(({ fault, text }) => (fault ? [`${place.label} ${fault}: ${text}`] : []))
      : [verdict],
  );
}

/** What happened, by label: node ids are as random as their keys. */
async function chronicle({ hub, clock }: VirtualWorld, from: number): Promise<string[]> {
  const rows = await hub.database.sql<{ at: Date; label: string; kind: string }[]>`
    select e.at, n.label, e.kind from node_events e join nodes n using (node_id) order by e.at, n.label, e.kind`;
  return rows.map(({ at, label, kind }) => `${at.getTime() - clock.now() + from} ${label} ${kind}`);
}

describe('a simulated fleet', () => {
  const { hours, nodes, seed } = size();
  // Two days of them are 1.6 MB a node.
  const logDays = nodes > 100 ? 0 : 1;

  it(`of ${nodes} nodes over ${hours} hours, seed ${seed}: who is well is online, and none of its minutes is lost`, async () => {
    await using world = await VirtualWorld.open({
      nodes,
      seed,
      mischief: true,
      pollCutMs: 30_000,
      logDays,
    });
    const wellness = new Wellness(world);
    const timers: number[] = [];
    for (let hour = 0; hour < hours; hour += 1) {
      for (let minute = 0; minute < 60; minute += 1) {
        await world.clock.advance(MINUTE);
        wellness.look();
      }
      const well = wellness.well(RECOVERY_MS);
      expect(well.filter((node) => !node.online).map(({ place }) => place.label)).toEqual([]);
      const lastHour = Math.floor(world.clock.now() / HOUR) - 1;
      if (hour > 0)
        for (const node of wellness.well(HOUR + 2 * RECOVERY_MS)) {
          const minutes = await minutesOf(world, node, lastHour);
          expect(minutes.toString(2), `${node.place.label} in hour ${hour}`).toBe('1'.repeat(60));
        }
      timers.push(world.clock.pending);
    }
    const { sql } = world.hub.database;
    const clones = await sql`select 1 from node_events where kind = 'live-clone'`;
    expect(clones).toHaveLength(0);
    const [held] = await sql<{ count: number }[]>`
      select count(*)::int as count from nodes where quarantined_at is not null or disputed_at is not null`;
    expect(held?.count).toBe(0);
    // Each hour that a node was connected at its end has a receipt, and numbers leave no gap.
    const gaps = await sql`
      select node_id from (select node_id, number, lag(number) over (partition by node_id order by number) as before from checkpoints) c
      where before is not null and number <> before + 1`;
    expect(gaps).toHaveLength(0);
    const [written] = await sql<{ checkpoints: number; receipts: number }[]>`
      select (select count(*)::int from checkpoints) as checkpoints, (select count(*)::int from receipts) as receipts`;
    expect(written?.checkpoints).toBeGreaterThan(0);
    expect(written?.receipts).toBe(written?.checkpoints);
    // Timers that pile up are a leak.
    expect(timers.at(-1)!).toBeLessThan(2 * timers[0]! + 100);
    // What was settled comes with the next receipts: an honest hub is accused of nothing, whatever its nodes went through.
    await world.clock.advance(8 * MINUTE);
    const verdicts = await Promise.all(world.world.nodes.map((node) => verdictsOf(world, node)));
    const accused = verdicts.flat().filter((told) => !/^(match|partly|unknown)$/.test(told));
    expect(accused).toEqual([]);
    expect(verdicts.flat()).toContain(logDays > 0 ? 'match' : 'partly');
  }, 86_400_000);

  it('leaves a kept node what its score is recomputed from, and names the hour of a byte that is changed', async () => {
    const kept = placesOf(3, 1)[0]!.label;
    const [loggers, spared] = [new Set([kept]), new Set([kept])];
    await using world = await VirtualWorld.open({
      ...{ nodes: 3, mischief: true, past: true, loggers, spared },
      pollCutMs: 30_000,
    });
    // The first hour is settled with the receipt of the second.
    await world.clock.advance(2 * HOUR + 30 * MINUTE);
    const node = world.world.nodes.find(({ place }) => place.label === kept)!;
    const copy = new MemoryDisk();
    await node.copyData(copy, '/kept');
    const files = (await findNode(copy, { dataDir: '/kept', instance: 'default' }))!;
    const day = Math.floor(world.clock.now() / (24 * HOUR));
    const firstHour = async (): Promise<string | undefined> => {
      const deps = { disk: copy, settle: async () => undefined };
      return (await verifyDay(deps, files, { day, documents: [] })).reports[0]?.verdict;
    };
    expect(await firstHour()).toBe('match');
    const log = join(
      files.directory,
      'hour-logs',
      `${new Date(world.clock.now()).toISOString().slice(0, 10)}.log`,
    );
    const bytes = await copy.readFile(log);
    bytes[100]! ^= 1;
    await copy.writeAtomic(log, bytes);
    expect(await firstHour()).toBe('differs');
  }, 240_000);

  it('takes the same course for the same seed', async () => {
    const run = async (): Promise<string[]> => {
      await using world = await VirtualWorld.open({ nodes: 5, seed: 5, mischief: true, pollCutMs: 60_000 });
      await world.clock.advance(40 * MINUTE);
      return chronicle(world, 40 * MINUTE);
    };
    const first = await run();
    expect(first.length).toBeGreaterThan(5);
    expect(await run()).toEqual(first);
  }, 240_000);
});
