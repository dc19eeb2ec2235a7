import { createHash } from 'node:crypto';
import { utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { SEED_BASELINES, serverScore } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { someViewer } from '#accounts/viewer.fixture.ts';
import type { DbAdapter, Sql } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { hubHourOf, startOf } from '../hub-hour.ts';
import { AT_BASELINES, scoringOf, storeBenchmark } from './scoring.fixture.ts';

const ANN = createHash('sha256').update('ann').digest('hex');
const BOB = createHash('sha256').update('bob').digest('hex');
const START = startOf(hubHourOf(Date.UTC(2026, 10, 26, 15)));
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('scores', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let sql: Sql;
  const clock = { time: START, now: () => clock.time };
  const admin = () => ({ ...someViewer('root@x.example', 'ancient'), confirmedAt: clock.time });
  const hour = () => hubHourOf(clock.time);

  beforeAll(async () => {
    database = await openTemporary();
    ({ sql } = database);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    clock.time = START;
    await sql`truncate jobs, benchmark_runs, scores, score_breakdowns, score_baselines, region_settings`;
    await sql`truncate audit_log cascade`;
  });

  it('come from successful benchmarks, each taken once, and count from the next full hour', async () => {
    const { intake, scores } = scoringOf(sql, clock);
    await storeBenchmark(sql, { nodeId: ANN, endedAt: START });
    await storeBenchmark(sql, { nodeId: BOB, endedAt: START, state: 'failed' });
    await storeBenchmark(sql, { nodeId: BOB, endedAt: START, kind: 'drive-benchmark' });
    await intake.tick();
    await intake.tick();
    // Another instance of the region, and this one after a restart.
    await Promise.all([scoringOf(sql, clock).intake.tick(), scoringOf(sql, clock).intake.tick()]);
    expect(await scores.at(hour(), [ANN, BOB])).toEqual(new Map());
    const next = await scores.at(hour() + 1, [ANN, BOB, ANN]);
    expect([...next]).toEqual([
      [ANN, expect.objectContaining({ micro: 1_000_000, version: 1, committedGb: 1_000 })],
    ]);
    const [row] = await sql<
      { breakdown: string; count: number }[]
    >`select breakdown, count(*) over ()::int as count from score_breakdowns`;
    expect(row!.count).toBe(1);
    expect(nodeCrypto.hash(utf8(row!.breakdown))).toEqual(next.get(ANN)!.hash);
  });

  it('stand as they were stamped, also for who writes to the database by hand', async () => {
    await storeBenchmark(sql, { nodeId: ANN, endedAt: START });
    await scoringOf(sql, clock).intake.tick();
    await expect(sql`update scores set micro = 5000000`).rejects.toThrow('append-only');
    await expect(sql`delete from score_breakdowns`).rejects.toThrow('append-only');
  });

  it('are found late, by whoever was away', async () => {
    const { intake, scores } = scoringOf(sql, clock);
    await intake.tick();
    clock.time += 2 * MINUTE;
    // Ended before the tick by another instance's clock, and committed after it.
    await storeBenchmark(sql, { nodeId: ANN, endedAt: START - 3 * MINUTE });
    await intake.tick();
    expect((await scores.at(hour() + 1, [ANN])).get(ANN)?.version).toBe(1);
  });

  it('are told in the order in which they were stored', async () => {
    const { intake, scores } = scoringOf(sql, clock);
    await storeBenchmark(sql, { nodeId: ANN, endedAt: START });
    await intake.tick();
    const first = await scores.changedSince(0n);
    expect(first.changes).toEqual([
      { nodeId: ANN, micro: 1_000_000, version: 1, committedGb: 1_000, hubHour: hour() + 1 },
    ]);
    expect(await scores.changedSince(first.cursor)).toEqual({ changes: [], cursor: first.cursor });
    await storeBenchmark(sql, { nodeId: BOB, endedAt: START });
    await intake.tick();
    expect((await scores.changedSince(first.cursor)).changes.map(({ nodeId }) => nodeId)).toEqual([BOB]);
    // Who begins now reads none of what lies back.
    const fresh = await scores.changedSince(undefined);
    expect(fresh).toEqual({ changes: [], cursor: expect.any(BigInt) });
    await storeBenchmark(sql, { nodeId: ANN, endedAt: START + MINUTE });
    await intake.tick();
    expect((await scores.changedSince(fresh.cursor)).changes.map(({ nodeId }) => nodeId)).toEqual([ANN]);
  });

  it.each([
    ['a negative figure', { ...AT_BASELINES, cpuSingle: -1 }, /'cpuSingle' .* is -1/],
    ['an absurd one', { ...AT_BASELINES, memoryMb: 1e15 }, /'memory'/],
    ['no JSON', 'not json', /no object/],
    ['no object', '[1]', /no object/],
  ])('are not made of %s; the run says why', async (_what, report, why) => {
    const { intake, scores, reader } = scoringOf(sql, clock);
    await storeBenchmark(sql, { nodeId: ANN, endedAt: START, report });
    await intake.tick();
    expect(await scores.at(hour() + 1, [ANN])).toEqual(new Map());
    const { runs, history } = await reader.node(ANN);
    expect(history).toEqual([]);
    expect(runs).toEqual([expect.objectContaining({ fault: expect.stringMatching(why), score: undefined })]);
  });

  it('count no part that no nonce was answered for', async () => {
    const { intake, reader } = scoringOf(sql, clock, { proofs: {} });
    await storeBenchmark(sql, { nodeId: ANN, endedAt: START });
    await intake.tick();
    const { runs, history } = await reader.node(ANN);
    expect(history[0]!.micro).toBe(550_000);
    expect(runs[0]!.score!.parts.find(({ part }) => part === 'cpuSingle')).toMatchObject({
      note: 'unproven',
    });
  });

  it('wait until all answers of a run were looked at, and not for ever', async () => {
    let isWaiting = true;
    const { intake, reader } = scoringOf(sql, clock, { isWaiting: () => isWaiting });
    const runs = async () => (await reader.node(ANN)).runs.length;
    await storeBenchmark(sql, { nodeId: ANN, endedAt: START });
    clock.time += 4 * MINUTE;
    await intake.tick();
    expect(await runs()).toBe(0);
    isWaiting = false;
    await intake.tick();
    expect(await runs()).toBe(1);
    isWaiting = true;
    await storeBenchmark(sql, { nodeId: ANN, endedAt: clock.time });
    await intake.tick();
    expect(await runs()).toBe(1);
    clock.time += 5 * MINUTE;
    await intake.tick();
    expect(await runs()).toBe(2);
  });

  it('keep three runs of a node side by side, and the one they are made of', async () => {
    const { intake, reader } = scoringOf(sql, clock);
    const good = await storeBenchmark(sql, { nodeId: ANN, endedAt: START });
    for (let run = 1; run <= 4; run += 1)
      await storeBenchmark(sql, { nodeId: ANN, endedAt: START + run * MINUTE, report: 'broken' });
    await intake.tick();
    const { runs, history } = await reader.node(ANN);
    expect(runs).toHaveLength(4);
    expect(runs.at(-1)!.jobId).toBe(good);
    expect(history[0]!.jobId).toBe(good);
    await storeBenchmark(sql, { nodeId: ANN, endedAt: START + 9 * MINUTE });
    await intake.tick();
    expect((await reader.node(ANN)).runs).toHaveLength(3);
  });

  it('are stamped anew from what is stored when a baseline changes, from the hour in which that counts', async () => {
    const { intake, scores, desk, restamp, reader } = scoringOf(sql, clock);
    for (const nodeId of [ANN, BOB]) await storeBenchmark(sql, { nodeId, endedAt: START });
    await intake.tick();
    expect(await restamp.run()).toBe(0);
    clock.time += HOUR;
    const version = await desk.changeBaselines(admin(), {
      changes: { cpuSingle: 10_000_000 },
      reason: 'faster machines',
    });
    expect(version).toBe(1);
    expect(await restamp.run()).toBe(2);
    expect(await restamp.run()).toBe(0);
    expect((await scores.at(hour(), [ANN])).get(ANN)).toMatchObject({ micro: 1_000_000, version: 1 });
    expect((await scores.at(hour() + 1, [ANN])).get(ANN)).toMatchObject({ micro: 980_000, version: 2 });
    const span = { first: ANN, last: ANN };
    expect((await scores.within(hour(), span)).get(ANN)).toMatchObject({ micro: 1_000_000, version: 1 });
    const asked = (await scores.at(hour() + 1, [ANN])).get(ANN)!;
    expect(await scores.within(hour() + 1, span)).toEqual(
      new Map([[ANN, { ...asked, hash: Buffer.from(asked.hash) }]]),
    );
    expect(await scores.within(0, span)).toEqual(new Map());
    const { table, runs, history } = await reader.node(ANN);
    expect(table).toMatchObject({ version: 1, setBy: 'root@x.example', reason: 'faster machines' });
    expect(history.map(({ cause }) => cause)).toEqual(['baselines', 'benchmark']);
    expect(runs[0]!.score!.micro).toBe(980_000);
    const [act] = await sql`select actor, act, detail from audit_log`;
    expect(act).toMatchObject({ actor: 'root@x.example', act: 'score.baselines' });
    // By hand, from the row alone: what anybody who holds the breakdown can do.
    const [row] = await sql<
      { measured: Record<string, { value: number }> }[]
    >`select measured from benchmark_runs limit 1`;
    expect(serverScore(row!.measured, { ...SEED_BASELINES, cpuSingle: 10_000_000 }, 'vps').micro).toBe(
      980_000,
    );
  });

  it('take no baseline that no machine can be held against, and none from anybody else', async () => {
    const { desk } = scoringOf(sql, clock);
    const change = (viewer = admin(), changes: Record<string, number> = { cpuSingle: 0 }) =>
      desk.changeBaselines(viewer, { changes, reason: 'x' });
    await expect(change()).rejects.toMatchObject({ code: 'bad_baseline', status: 422 });
    await expect(change(admin(), { luck: 1 })).rejects.toMatchObject({ code: 'bad_baseline' });
    await expect(change({ ...admin(), tier: 'modern' }, {})).rejects.toMatchObject({ status: 404 });
    await expect(change({ ...admin(), confirmedAt: 0 }, {})).rejects.toMatchObject({ code: 'confirm_first' });
    expect(await sql`select 1 from score_baselines union all select 1 from audit_log`).toHaveLength(0);
  });

  describe('above the caps', () => {
    const fast = { ...AT_BASELINES, cpuSingle: 30_000 };
    const owned = { nodeId: ANN, owner: 'ann@x.example' };

    it('wait for an admin, whose yes counts from the next full hour', async () => {
      const { intake, scores, desk, reader, restamp } = scoringOf(sql, clock);
      await storeBenchmark(sql, { nodeId: ANN, endedAt: START, report: fast });
      await intake.tick();
      expect((await scores.at(hour() + 1, [ANN])).get(ANN)!.micro).toBe(1_120_000);
      expect(await reader.waiting()).toEqual([
        expect.objectContaining({ nodeId: ANN, version: 1, micro: 1_120_000, reviewMicro: 1_200_000 }),
      ]);
      await expect(
        desk.review(admin(), owned, { version: 2, word: 'accepted', reason: 'seen' }),
      ).rejects.toMatchObject({ code: 'nothing_to_review' });
      await desk.review(admin(), owned, { version: 1, word: 'accepted', reason: 'a water-cooled one' });
      expect((await scores.at(hour() + 1, [ANN])).get(ANN)).toMatchObject({ micro: 1_200_000, version: 2 });
      expect(await reader.waiting()).toEqual([]);
      const acts = await sql`select act, subject, owner, detail from audit_log`;
      expect(acts).toEqual([
        expect.objectContaining({
          ...{ act: 'score.accept', subject: ANN, owner: 'ann@x.example' },
          detail: expect.objectContaining({ from: 1_120_000, to: 1_200_000, reason: 'a water-cooled one' }),
        }),
      ]);
      // The word holds for this run under other baselines too, and for no other run.
      await desk.changeBaselines(admin(), { changes: { ipc: 3_000 }, reason: 'x' });
      await restamp.run();
      expect((await scores.at(hour() + 1, [ANN])).get(ANN)).toMatchObject({ micro: 1_190_000, version: 3 });
      await storeBenchmark(sql, { nodeId: ANN, endedAt: START + MINUTE, report: fast });
      await intake.tick();
      expect((await scores.at(hour() + 1, [ANN])).get(ANN)).toMatchObject({ micro: 1_110_000, version: 4 });
    });

    it('stay held back where an admin refuses, once and for all of this run', async () => {
      const { intake, scores, desk, reader } = scoringOf(sql, clock);
      await storeBenchmark(sql, { nodeId: ANN, endedAt: START, report: fast });
      await intake.tick();
      await desk.review(admin(), owned, { version: 1, word: 'refused', reason: 'no such machine' });
      expect((await scores.at(hour() + 1, [ANN])).get(ANN)).toMatchObject({ micro: 1_120_000, version: 1 });
      expect((await reader.node(ANN)).runs[0]!.decision).toEqual({
        ...{ word: 'refused', by: 'root@x.example', at: clock.time, reason: 'no such machine' },
      });
      await expect(
        desk.review(admin(), owned, { version: 1, word: 'accepted', reason: 'after all' }),
      ).rejects.toMatchObject({ code: 'nothing_to_review' });
    });

    it('are none where there is nothing above', async () => {
      const { intake, desk } = scoringOf(sql, clock);
      await storeBenchmark(sql, { nodeId: ANN, endedAt: START });
      await intake.tick();
      await expect(
        desk.review(admin(), owned, { version: 1, word: 'accepted', reason: 'x' }),
      ).rejects.toMatchObject({ code: 'nothing_to_review' });
    });
  });
});
