import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { Liveness, NodeListing } from '#nodes/index.ts';
import type { DbAdapter, Sql } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { systemClock } from '../clock.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { hubHourOf, startOf } from '../hub-hour.ts';
import { scoreRoutes } from './routes.tsx';
import { AT_BASELINES, scoringOf, storeBenchmark } from './scoring.fixture.ts';

const ANN = createHash('sha256').update('ann').digest('hex');
const START = startOf(hubHourOf(Date.UTC(2026, 10, 26, 15)));

describe('pages of scores', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let sql: Sql;
  let app: HubApp;
  const clock = { time: START, now: () => clock.time };
  const admin = () => ({ ...someViewer('root@x.example', 'ancient'), confirmedAt: clock.time });
  const owner = () => someViewer('ann@x.example', 'operator');
  let viewer = admin();

  beforeAll(async () => {
    database = await openTemporary();
    ({ sql } = database);
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      values (${ANN}, 'alpha', 'ann@x.example', 'eu', ${Buffer.of(0)}, ${Buffer.of(0)}, now())`;
    const access = new NodeAccess({ sql });
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer(async (content) => c.html(await content));
      await next();
    });
    app.onError((error, c) => {
      const { status, code } = toHttpError(error);
      return c.text(code, status);
    });
    const feature = scoreRoutes({
      ...scoringOf(sql, clock),
      guard: async (c, next) => {
        c.set('viewer', viewer);
        await next();
      },
      listing: new NodeListing({ sql, access, clock: systemClock, heads: { heads: () => [] } }),
      liveness: new Liveness({ clock: { ...systemClock, now: clock.now } }),
    });
    feature.mount(app);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    viewer = admin();
    await sql`truncate jobs, benchmark_runs, scores, score_breakdowns, score_baselines, region_settings`;
  });

  const page = async (path: string) => (await app.request(path)).text();
  const send = (path: string, form: Record<string, string>) =>
    app.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    });
  const measure = async (report: unknown, endedAt = START) => {
    await storeBenchmark(sql, { nodeId: ANN, endedAt, report });
    await scoringOf(sql, clock).intake.tick();
  };

  it('say how to get a score where there is none', async () => {
    const text = await page(`/nodes/${ANN}/score`);
    expect(text).toContain('No score yet');
    expect(text).toContain(`stoa-hub job run benchmark-node -q id:${ANN}`);
  });

  it('tell of each part what it earned, why it earns nothing, and what would raise it', async () => {
    const { ipc: _, ...without } = AT_BASELINES;
    await measure({ ...without, direct: false, downloadMbitPerSecond: 40 });
    await measure({ ...AT_BASELINES, cpuSingle: -4 }, START + 1);
    const text = await page(`/nodes/${ANN}/score`);
    expect(text).toContain('<strong>0.610000</strong>, version 1');
    expect(text).toContain('install perf on the host');
    expect(text).toContain('through the page cache');
    expect(text).toContain('at least 50 Mbit/s');
    expect(text).toContain('makes no score: &#39;cpuSingle&#39;');
    expect(text).not.toContain('review');
  });

  it('let an admin decide, and nobody else', async () => {
    await measure({ ...AT_BASELINES, cpuSingle: 30_000 });
    const form = { version: '1', word: 'accepted', reason: 'seen it' };
    viewer = owner();
    const seen = await page(`/nodes/${ANN}/score`);
    expect(seen).toContain('would be 1.200000');
    expect(seen).not.toContain('/score/review');
    expect((await send(`/nodes/${ANN}/score/review`, form)).status).toBe(404);
    expect((await app.request('/admin/scores')).status).toBe(404);
    viewer = admin();
    expect(await page('/admin/scores')).toContain('alpha');
    const refused = await send(`/nodes/${ANN}/score/review`, { ...form, reason: ' ' });
    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain('1 to 200 characters');
    expect((await send(`/nodes/${ANN}/score/review`, form)).status).toBe(303);
    expect(await page(`/nodes/${ANN}/score`)).toContain('were accepted');
    expect(await page('/admin/scores')).toContain('Nothing waits');
    viewer = { ...owner(), email: 'bob@x.example' };
    expect((await app.request(`/nodes/${ANN}/score`)).status).toBe(404);
  });

  it('take a baseline, or say what is wrong with it', async () => {
    const form = { part: 'jitter', baseline: '10', reason: 'far from anywhere' };
    for (const wrong of [{ baseline: '50' }, { baseline: 'many' }, { part: 'luck' }, { reason: '' }])
      expect((await send('/admin/scores/baselines', { ...form, ...wrong })).status).toBe(422);
    expect(await (await send('/admin/scores/baselines', { ...form, baseline: '50' })).text()).toContain(
      'from 0 to 49.999 is expected',
    );
    expect((await send('/admin/scores/baselines', form)).status).toBe(303);
    const text = await page('/admin/scores');
    expect(text).toContain('far from anywhere');
    expect(text).toContain('10 ms');
    viewer = { ...admin(), confirmedAt: 0 };
    expect(await (await send('/admin/scores/baselines', form)).text()).toBe('confirm_first');
  });
});
