/** The lease machine: hub and agent as they are, a link that is cut, kills on both sides, and time that passes. */

import type { DbAdapter } from '@stoa/hub';
import { openTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { type KindName, kindOf } from '@stoa/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LeaseWorld } from './kit/lease-world.ts';

const RUNS = 25;
const KINDS = ['system-probe', 'stoachain-control', 'drive-benchmark'] as const satisfies readonly KindName[];
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let database: DbAdapter;
beforeAll(async () => {
  database = await openTemporary();
});
afterAll(() => database.close());

interface JobRow {
  readonly state: string;
  readonly kind: KindName;
  readonly code: string;
  readonly attempt: number;
  readonly recorded: number;
}

/** In the order of their submits. */
const jobsOf = (world: LeaseWorld) => world.sql<JobRow[]>`
  select state, kind, code, attempt, (select count(*)::int from job_results r where r.job_id = j.job_id and taken = 'recorded')
    as recorded from jobs j order by created_at, job_id`;
const statesOf = async (world: LeaseWorld) => (await jobsOf(world)).map(({ state }) => state);

/** Until neither side has anything more to say. */
async function converse(world: LeaseWorld): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    const { toHub, toAgent } = world.underWay;
    if (toHub + toAgent === 0) return;
    await world.deliver('hub', toHub);
    await world.deliver('agent', toAgent);
  }
  throw new Error('they never come to an end');
}

async function online(): Promise<LeaseWorld> {
  const world = await LeaseWorld.open(database);
  await world.connect('hub-1');
  await converse(world);
  return world;
}

/** Time passes, and neither side keeps the other waiting. */
async function live(world: LeaseWorld, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    await world.pass(5_000);
    await converse(world);
  }
}

/** Its one job comes to its end, and has had its effect once. */
async function endsOnce(world: LeaseWorld): Promise<void> {
  await world.finish(0);
  await converse(world);
  expect([await statesOf(world), [...world.effects.values()]]).toMatchObject([['succeeded'], [{ times: 1 }]]);
}

/** A job that runs. */
async function running(world: LeaseWorld, kind: KindName): Promise<string> {
  const batchId = await world.submit(kind);
  await world.pass(5_000);
  await converse(world);
  return batchId;
}

describe('a job', () => {
  it('goes from submit to its receipt', async () => {
    await using world = await online();
    await running(world, 'system-probe');
    expect(await statesOf(world)).toEqual(['running']);
    await world.finish(0);
    await converse(world);
    expect([await statesOf(world), world.work.pending, world.violations]).toEqual([['succeeded'], 0, []]);
  });

  it('is cancelled while it waits, and while it runs', async () => {
    await using world = await online();
    const first = await running(world, 'stoachain-control');
    const second = await world.submit('stoachain-control');
    await world.cancel(second);
    await world.cancel(first);
    await world.pass(45_000);
    await converse(world);
    expect([await statesOf(world), world.violations]).toEqual([['cancelled', 'cancelled'], []]);
  });

  it('F22 whose lease is lost is done again only where that is the same as done once', async () => {
    await using world = await online();
    await running(world, 'drive-benchmark');
    world.cut();
    await world.pass(10 * MINUTE_MS);
    expect(await statesOf(world)).toEqual(['queued']);
    await world.connect('hub-1');
    await converse(world);
    await live(world, MINUTE_MS + 5_000);
    expect(await jobsOf(world)).toMatchObject([{ state: 'running', attempt: 2 }]);
    await world.finish(0);
    await converse(world);
    expect([await statesOf(world), world.violations]).toEqual([['succeeded'], []]);
  });

  it('F22 that is not idempotent waits as unknown for the node’s word, and takes it', async () => {
    await using world = await online();
    await running(world, 'stoachain-control');
    world.cut();
    await world.pass(10 * MINUTE_MS);
    expect(await statesOf(world)).toEqual(['unknown']);
    await world.finish(0);
    await world.connect('hub-1');
    await converse(world);
    expect([await jobsOf(world), [...world.effects.values()]]).toMatchObject([
      [{ state: 'succeeded', attempt: 1, recorded: 1 }],
      [{ times: 1 }],
    ]);
  });

  it('F22 that a killed agent had begun is told as interrupted', async () => {
    await using world = await online();
    await running(world, 'stoachain-control');
    await world.killAgent('lost');
    await world.connect('hub-1');
    await converse(world);
    expect(await jobsOf(world)).toMatchObject([{ state: 'failed', code: 'interrupted' }]);
  });

  it('F22 whose frame was lost goes out again under the same lease, and runs once', async () => {
    await using world = await online();
    await world.submit('stoachain-control');
    await world.pass(5_000);
    expect(await statesOf(world)).toEqual(['leased']);
    world.cut();
    await world.pass(MINUTE_MS);
    expect(await statesOf(world)).toEqual(['unknown']);
    await world.connect('hub-1');
    await converse(world);
    await live(world, MINUTE_MS + 5_000);
    expect(await jobsOf(world)).toMatchObject([{ state: 'running', attempt: 1 }]);
    await endsOnce(world);
  });

  it('F16 F22 for a node whose disk is full waits for room there, and uses up no attempt', async () => {
    await using world = await online();
    world.diskFull = true;
    await world.submit('drive-benchmark');
    await live(world, 30 * MINUTE_MS);
    expect(await jobsOf(world)).toMatchObject([{ attempt: 1 }]);
    expect(['queued', 'leased']).toContain((await statesOf(world))[0]);
    await expect(world.work.look()).rejects.toMatchObject({ code: 'disk_full' });
    world.diskFull = false;
    await world.work.look();
    await live(world, 6 * MINUTE_MS);
    expect(await jobsOf(world)).toMatchObject([{ state: 'running', attempt: 1 }]);
    await endsOnce(world);
  });

  it('F22 whose lease is over, as its node told, goes out again at once', async () => {
    await using world = await online();
    await running(world, 'system-probe');
    await world.killAgent('kept');
    await world.connect('hub-1');
    // Far below a lease and a sweep: the hub ends the log of the first attempt, on a disk that no clock here waits for.
    await live(world, 10_000);
    expect(await jobsOf(world)).toMatchObject([{ state: 'running', attempt: 2 }]);
  });

  it('F22 that is wanted ended before its agent told of it is not sent again', async () => {
    await using world = await online();
    const batchId = await world.submit('stoachain-control');
    await world.pass(5_000);
    expect(await statesOf(world)).toEqual(['leased']);
    world.cut();
    await world.cancel(batchId);
    await world.pass(MINUTE_MS);
    await world.connect('hub-1');
    await converse(world);
    await live(world, MINUTE_MS);
    expect([await jobsOf(world), world.effects.size]).toMatchObject([
      [{ state: 'cancelled', code: 'effect_unknown' }],
      0,
    ]);
  });

  it('F22 that was wanted ended as it ran, and whose fate is unknown, ends by a second word', async () => {
    await using world = await online();
    const batchId = await running(world, 'stoachain-control');
    world.cut();
    await world.cancel(batchId);
    await world.pass(10 * MINUTE_MS);
    expect(await statesOf(world)).toEqual(['unknown']);
    await world.cancel(batchId);
    expect(await jobsOf(world)).toMatchObject([{ state: 'cancelled', code: 'effect_unknown' }]);
  });

  it('F22 keeps its lease over a restart of the hub: the failover grace extends it', async () => {
    await using world = await online();
    await running(world, 'drive-benchmark');
    world.cut();
    await world.clock.advance(15 * MINUTE_MS);
    await world.restartHub();
    await world.pass(4 * MINUTE_MS);
    expect(await statesOf(world)).toEqual(['running']);
    await world.connect('hub-1');
    await converse(world);
    await world.finish(0);
    await converse(world);
    expect(await jobsOf(world)).toMatchObject([{ state: 'succeeded', attempt: 1 }]);
  });

  it('keeps its lease where its instance falls silent and the node goes to another', async () => {
    await using world = await online();
    await running(world, 'drive-benchmark');
    world.cut();
    await world.restartHub('hub-2');
    await world.pass(3 * MINUTE_MS);
    await world.connect('hub-2');
    await converse(world);
    expect(await jobsOf(world)).toMatchObject([{ state: 'running', attempt: 1 }]);
  });

  it('F22 whose receipt was lost gets the very same again, and counts once', async () => {
    await using world = await online();
    await running(world, 'stoachain-control');
    await world.finish(0);
    await world.deliver('hub', world.underWay.toHub);
    const before = await world.sql`select result_hash, receipt from job_results`;
    world.cut();
    expect([await statesOf(world), world.work.pending]).toEqual([['succeeded'], 1]);
    await world.connect('hub-1');
    await converse(world);
    expect([world.work.pending, world.violations]).toEqual([0, []]);
    expect(await world.sql`select result_hash, receipt from job_results`).toEqual(before);
  });

  it('F22 whose result comes late has its receipt, and changes nothing', async () => {
    await using world = await online();
    await running(world, 'drive-benchmark');
    await world.finish(0);
    world.cut();
    await world.pass(10 * MINUTE_MS);
    await world.sql`update jobs set state = 'dead', ended_at = now()`;
    await world.connect('hub-1');
    await converse(world);
    expect([await jobsOf(world), world.work.pending]).toMatchObject([[{ state: 'dead', recorded: 0 }], 0]);
  });
});

type World = LeaseWorld;
interface Model {
  readonly batches: string[];
}
type Act = fc.AsyncCommand<Model, World>;

/** One step, possible whatever was before. */
function act(
  says: string,
  run: (model: Model, world: World) => Promise<void>,
  when = (_: World) => true,
): Act {
  let ready = true;
  return {
    check: () => ready,
    async run(model, world) {
      ready = when(world);
      if (ready) await run(model, world);
      ready = true;
      expect(world.violations).toEqual([]);
      for (const { kind, times } of world.effects.values())
        expect(kindOf(kind).idempotent ? 1 : times, `effects of one ${kind}`).toBe(1);
    },
    toString: () => says,
  };
}

const acts = [
  fc.constantFrom(...KINDS).map((kind) =>
    act(`submit ${kind}`, async (model, world) => {
      if (model.batches.length < 12) model.batches.push(await world.submit(kind));
    }),
  ),
  fc.constantFrom('hub-1', 'hub-2').map((hub) => act(`connect to ${hub}`, (_, world) => world.connect(hub))),
  fc.constant(0).map(() => act('cut', (_, world) => Promise.resolve(world.cut()))),
  fc
    .record({ to: fc.constantFrom('hub' as const, 'agent' as const), frames: fc.integer({ min: 1, max: 4 }) })
    .map(({ to, frames }) => act(`deliver ${frames} to the ${to}`, (_, world) => world.deliver(to, frames))),
  fc.constant(0).map(() => act('converse', (_, world) => converse(world))),
  fc
    .record({ index: fc.nat(8), fails: fc.boolean() })
    .map(({ index, fails }) =>
      act(`${fails ? 'fail' : 'finish'} ${index}`, (_, world) =>
        world.finish(index, fails ? new Error('it failed') : undefined),
      ),
    ),
  fc
    .constantFrom(5_000, 15_000, 65_000, 5 * MINUTE_MS)
    .map((ms) => act(`pass ${ms / 1_000} s`, (_, world) => world.pass(ms))),
  fc
    .constantFrom('lost' as const, 'torn' as const, 'kept' as const)
    .map((unsynced) => act(`kill the agent, writes ${unsynced}`, (_, world) => world.killAgent(unsynced))),
  fc.constant(0).map(() => act('kill the hub', (_, world) => world.restartHub())),
  fc.nat(12).map((index) =>
    act(`cancel ${index}`, async ({ batches }, world) => {
      const batchId = batches[index % Math.max(1, batches.length)];
      if (batchId !== undefined) await world.cancel(batchId);
    }),
  ),
];

/** From now on nothing is cut, nothing is killed and every handler ends: then every job must come to its end. */
async function comeToRest(world: World): Promise<void> {
  for (let round = 0; round < 60; round += 1) {
    if (!world.connected) await world.connect('hub-1');
    await converse(world);
    while (world.runningKinds.length > 0) await world.finish(0);
    await converse(world);
    const open = await world.sql`select 1 from jobs where ended_at is null limit 1`;
    if (open.length === 0 && world.work.pending === 0) return;
    await live(world, 65_000);
  }
}

describe('the lease machine', { timeout: 600_000 }, () => {
  it('F22 F23 has no effect twice, loses no credit, and ends every job, whatever is cut or killed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(acts, { maxCommands: 40, size: 'max' }), async (commands) => {
        await using world = await LeaseWorld.open(database);
        await fc.asyncModelRun(() => ({ model: { batches: [] }, real: world }), commands);
        await comeToRest(world);
        const jobs = await jobsOf(world);
        for (const { state, recorded } of jobs) {
          expect(['succeeded', 'failed', 'cancelled', 'dead']).toContain(state);
          if (state === 'succeeded') expect(recorded).toBeGreaterThan(0);
        }
        expect(world.work.pending).toBe(0);
        // Credits are conserved: with nothing under way, a full set of jobs still goes out at once.
        const before = world.effects.size;
        for (let i = 0; i < 8; i += 1) await world.submit('system-probe');
        await live(world, 65_000);
        expect(world.effects.size - before).toBe(8);
        await comeToRest(world);
        expect(world.violations).toEqual([]);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('gives up what no node reports any more', async () => {
    await using world = await online();
    await running(world, 'stoachain-control');
    world.cut();
    await world.pass(10 * MINUTE_MS);
    await world.clock.advance(9 * DAY_MS);
    await world.pass(5 * MINUTE_MS);
    expect(await jobsOf(world)).toMatchObject([{ state: 'failed', code: 'never_reported' }]);
  });
});
