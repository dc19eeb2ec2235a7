import { randomBytes, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { AuditLog } from '#audit/index.ts';
import { Liveness, parseSelector } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { Bell } from '../bell.ts';
import { createLog } from '../log.ts';
import { DeskStore } from './desk-store.ts';
import { DispatchStore } from './dispatch-store.ts';
import { HubWork } from './hub-work.ts';
import { JobChoices } from './job-choice.ts';
import { JobDesk, type JobSubmit } from './job-desk.ts';
import { JobReader } from './job-reader.ts';
import { LeaseStore } from './lease-store.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { LogStore } from './log-store.ts';
import { JobPlanner } from './planner.ts';
import { JobSchedules } from './schedules.ts';

const NOW = Date.UTC(2026, 10, 25, 12);
const NODES = 200;
const ANN = 'ann@x.example';
const BOB = 'bob@x.example';

describe('submitting and giving out work', { timeout: 120_000 }, () => {
  let database: DbAdapter;
  let desk: JobDesk;
  let reader: JobReader;
  let now = NOW;
  let signer = ANN;
  let approvalAbove: number = DEFAULT_LIMITS.approvalAbove;
  const clock = { now: () => now, after: () => () => {} };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    const access = new NodeAccess({ sql });
    desk = new JobDesk({
      ...{ clock, store: new DeskStore(sql), audit: new AuditLog({ sql, clock }) },
      choices: new JobChoices({ sql, access }),
      planner: new JobPlanner({ sql, access, liveness: new Liveness({ clock }), heads: { heads: () => [] } }),
      ready: new Bell({ sql, channel: 'jobs_ready' }),
      cancels: new Bell({ sql, channel: 'jobs_cancel' }),
      orders: {
        signerOf: () => signer,
        verify: (_viewer, { sealed }) => Promise.resolve({ orderId: Buffer.from(sealed).toString('hex') }),
        carried: () => Promise.resolve(new Map()),
      },
      limits: () => Promise.resolve({ approvalAbove, share: 0.05 }),
      onMoved: () => undefined,
    });
    reader = new JobReader({ sql, access });
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    const { sql } = database;
    now = NOW;
    approvalAbove = DEFAULT_LIMITS.approvalAbove;
    await sql`truncate nodes, node_work, job_schedules, jobs, job_batches, sessions, audit_log, admin_keys cascade`;
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      select encode(sha256(convert_to('n' || i, 'UTF8')), 'hex'), 'node-' || i,
        case when i % 2 = 0 then ${ANN} else ${BOB} end, 'eu', '\\x00', '\\x00', now()
      from generate_series(1, ${NODES}) as i`;
    await sql`insert into node_work (node_id, kinds, runs, site, said_at)
      select node_id, array['system-probe', 'stoachain-control'], array['system-probe', 'stoachain-control'],
        case when label < 'node-2' then 'home' else label end, now() from nodes`;
  });

  const admin = { ...someViewer('root@x.example', 'ancient'), confirmedAt: NOW };
  const ann = { ...someViewer(ANN, 'operator'), confirmedAt: NOW };
  const request = (over: Partial<JobSubmit> = {}): JobSubmit => ({
    ...{ kind: 'system-probe', params: {}, selector: parseSelector(''), expected: NODES },
    ...over,
  });
  const restart = (over: Partial<JobSubmit> = {}) =>
    request({ kind: 'stoachain-control', params: { action: 'restart' }, order: randomBytes(16), ...over });
  const count = async (where: string) =>
    Number(
      (await database.sql.unsafe(`select count(*)::int as count from jobs where ${where}`))[0]!['count'],
    );
  const rooms = async (free = 1) =>
    (await database.sql<{ node_id: string; site: string }[]>`select node_id, site from node_work`).map(
      ({ node_id, site }) => ({ nodeId: node_id, epoch: 1, site, free }),
    );
  const terms = () => ({ now, ackUntil: now + 90_000, instance: 'hub-1', generation: 2 });

  it('shows the blast radius, with why each node is left out, by the condition that it submits by', async () => {
    const { sql } = database;
    await sql`update nodes set refused_at = now() where label = 'node-2'`;
    await sql`update nodes set quarantined_at = now(), quarantine_reason = 'x' where label = 'node-4'`;
    await sql`delete from node_work w using nodes n where n.node_id = w.node_id and label = 'node-6'`;
    await sql`update node_work w set runs = '{}', policy = 'deny read' from nodes n
      where n.node_id = w.node_id and label = 'node-8'`;
    const plan = await desk.plan(ann, request());
    expect(plan).toMatchObject({
      found: 100,
      nodes: 96,
      owners: 1,
      owner: ANN,
      order: undefined,
      needsApproval: false,
    });
    expect(Object.fromEntries(plan.leftOut.map(({ reason, nodes }) => [reason, nodes]))).toEqual({
      ...{ refused: 1, quarantined: 1, silent: 1, forbidden: 1 },
    });
    expect(plan.rules).toEqual([{ name: 'deny read', nodes: 1 }]);
    await expect(desk.submit(ann, request({ expected: 100 }))).rejects.toMatchObject({
      code: 'radius_changed',
    });
    expect(await desk.submit(ann, request({ expected: 96 }))).toMatchObject({ submitted: 96 });
    expect(await desk.submit(ann, request({ expected: undefined }))).toMatchObject({ submitted: 96 });
    expect(await count(`owner <> '${ANN}'`)).toBe(0);
  });

  it('leaves out nodes that would not take this signer’s order of a guarded kind', async () => {
    const { sql } = database;
    const key = randomBytes(32);
    const named = key.toString('hex');
    await sql`insert into admin_keys (admin, public_key, sealed, authority, not_after)
      values (${admin.email}, ${key}, '', '', now()), ('other@x.example', ${randomBytes(32)}, '', '', now())`;
    await sql`update node_work set kinds = '{apt-upgrade,system-probe}', runs = '{apt-upgrade,system-probe}'`;
    await sql`update node_work w set admins = ${[named]} from nodes n
      where n.node_id = w.node_id and label in ('node-1', 'node-2', 'node-3')`;
    const upgrade = { kind: 'apt-upgrade', params: {}, selector: parseSelector('') } as const;
    const planned = async (by: typeof admin, as?: string) => {
      const { nodes, leftOut } = await desk.plan(by, { ...upgrade, signer: as });
      return [nodes, Object.fromEntries(leftOut.map((each) => [each.reason, each.nodes]))];
    };
    expect(await planned(ann, ANN)).toEqual([100, {}]);
    expect(await planned(admin, admin.email)).toEqual([3, { not_their_admin: NODES - 3 }]);
    expect(await planned(admin, ANN)).toEqual([100, { not_their_admin: 100 }]);
    expect(await planned(admin, 'other@x.example')).toEqual([0, { not_their_admin: NODES }]);
    expect(await planned(admin)).toEqual([NODES, {}]);
    expect((await desk.plan(admin, { ...request(), signer: 'other@x.example' })).nodes).toBe(NODES);

    // Whoever brings it: the order of an owner is for the owner's nodes, an admin's for those that name the key.
    const order = () => ({ order: randomBytes(16) });
    signer = ANN;
    expect(await desk.submit(admin, { ...upgrade, ...order(), expected: 100 })).toMatchObject({
      submitted: 100,
    });
    signer = admin.email;
    expect(await desk.submit(admin, { ...upgrade, ...order(), expected: 3 })).toMatchObject({ submitted: 3 });
    await expect(desk.submit(admin, { ...upgrade, expected: NODES })).rejects.toMatchObject({
      code: 'order_needed',
    });
  });

  it('is one submit, however often it is sent, and one row of the audit log', async () => {
    const batchId = randomUUID();
    const twice = [
      await desk.submit(admin, request({ batchId })),
      await desk.submit(admin, request({ batchId })),
    ];
    expect(twice.map(({ submitted }) => submitted)).toEqual([NODES, NODES]);
    expect(await count('true')).toBe(NODES);
    await expect(desk.submit(ann, request({ batchId }))).rejects.toMatchObject({ code: 'batch_taken' });
    const acts = await database.sql`select act, detail->>'nodes' as nodes from audit_log`;
    expect(acts).toEqual([{ act: 'job.submit', nodes: String(NODES) }]);
  });

  it('leaves no permission to write in the audit log', async () => {
    await database.sql`update node_work set kinds = '{backup-stoachain}', runs = '{backup-stoachain}'`;
    const to = 'https://s3.example/b/n/1?X-Amz-Signature=secret';
    await desk.submit(admin, restart({ kind: 'backup-stoachain', params: { to } }));
    const [act] = await database.sql`select detail::text as detail from audit_log`;
    expect(act!['detail']).toContain('https://s3.example/b/n/1?…');
    expect(act!['detail']).not.toContain('secret');
    expect(await count(`params like '%secret%'`)).toBe(NODES);
  });

  it('takes an order for what changes nodes, once, and a person who is there', async () => {
    const { order: _none, ...bare } = restart();
    await expect(desk.submit(admin, bare)).rejects.toMatchObject({ code: 'order_needed' });
    await expect(desk.submit({ ...admin, confirmedAt: 0 }, restart())).rejects.toMatchObject({
      code: 'confirm_first',
    });
    const order = randomBytes(16);
    await desk.submit(admin, restart({ order }));
    await expect(desk.submit(admin, restart({ order }))).rejects.toMatchObject({ code: 'order_used' });
  });

  it('holds a submit to many nodes until somebody else approves it', async () => {
    approvalAbove = 150;
    const { batchId, needsApproval } = await desk.submit(admin, restart());
    expect([needsApproval, await count('held')]).toEqual([true, NODES]);
    const store = new DispatchStore(database.sql);
    expect(await store.mutating(await rooms(), terms(), 1)).toEqual([]);
    await expect(desk.approve(admin, batchId)).rejects.toMatchObject({ code: 'not_to_approve' });
    await expect(desk.approve(ann, batchId)).rejects.toMatchObject({ code: 'not_found' });
    const second = { ...admin, email: 'second@x.example' };
    signer = second.email;
    const other = await desk.submit(admin, restart());
    await expect(desk.approve(second, other.batchId)).rejects.toMatchObject({ code: 'not_to_approve' });
    expect(await reader.batch(admin, other.batchId)).toMatchObject({ signedBy: second.email });
    await desk.cancel(admin, other);
    signer = ANN;
    expect(await desk.approve(second, batchId)).toBe(NODES);
    expect(await store.mutating(await rooms(), terms(), 1)).toHaveLength(NODES);
  });

  it('gives each job to one lease, with rising tokens above those of a restored database’s past', async () => {
    await desk.submit(admin, request());
    const store = new DispatchStore(database.sql);
    const all = await rooms(8);
    const [first, second] = await Promise.all([store.read(all, terms()), store.read(all, terms())]);
    const leased = [...first, ...second];
    expect(new Set(leased.map(({ jobId }) => jobId)).size).toBe(leased.length);
    expect(leased).toHaveLength(NODES);
    expect(new Set(leased.map(({ fencingToken }) => fencingToken)).size).toBe(NODES);
    expect(Math.min(...leased.map(({ fencingToken }) => fencingToken))).toBeGreaterThan(2 * 2 ** 40);
  });

  it('F22 sends a lease that nobody acknowledged again: to the same session later, to a newer one at once', async () => {
    await desk.submit(admin, request());
    const store = new DispatchStore(database.sql);
    const leases = new LeaseStore({ sql: database.sql, instance: 'hub-1' });
    await leases.seen(now, '');
    const all = await rooms();
    const sent = await store.read(all, { ...terms(), ackUntil: now + 10_000 });
    const acked = sent.slice(0, 50);
    const renewal = { epoch: 1, progress: undefined };
    const first = await leases.renew(
      acked.map((lease) => ({ ...lease, ...renewal })),
      now,
    );
    expect([...first.values()].every(({ fresh }) => fresh)).toBe(true);
    const again = await leases.renew([{ ...acked[0]!, ...renewal }], now);
    expect([...again.values()]).toEqual([{ cancelWanted: undefined, fresh: false }]);
    now += 11_000;
    await leases.seen(now, '');
    expect(await leases.expire(now, 20_000)).toHaveLength(NODES - 50);
    expect(await store.read(all, terms())).toEqual([]);
    const lost = new Map(sent.slice(50).map((lease) => [lease.nodeId, lease]));
    const back = all.filter(({ nodeId }) => lost.has(nodeId)).slice(0, 40);
    const anew = await store.read(
      back.map((room) => ({ ...room, epoch: 2 })),
      terms(),
    );
    expect(anew).toHaveLength(40);
    for (const { nodeId, attempt, fencingToken } of anew)
      expect({ attempt, fencingToken }).toEqual({ attempt: 1, fencingToken: lost.get(nodeId)?.fencingToken });
    now += 11_000;
    expect(await store.read(all, terms())).toHaveLength(NODES - 50 - 40);
  });

  it('finds everything that is due, however much of it can not begin', async () => {
    const { sql } = database;
    await desk.submit(admin, request());
    await sql`insert into sessions (node_id, instance_id, epoch, session_id, boot_id, ratchet_current, connected_at, version,
        protocol, address, transport)
      select node_id, case when label = 'node-1' then 'hub-2' else 'hub-1' end, 1, 's', 'b', '\\x00', now(), '1', 1,
        '198.51.100.7', 'websocket' from nodes`;
    const store = new DispatchStore(sql);
    const found: string[] = [];
    let after: Parameters<typeof store.waiting>[1]['after'];
    do {
      const page = await store.waiting('hub-1', { now, after, limit: 60 });
      found.push(...page.nodeIds);
      after = page.next;
    } while (after !== undefined);
    expect([found.length, new Set(found).size]).toEqual([NODES - 1, NODES - 1]);
  });

  it('lets a node write the logs of its own jobs alone, whoever asks with it', async () => {
    await desk.submit(admin, request());
    const [mine, other] = await database.sql<
      { nodeId: string; jobId: string }[]
    >`select node_id as "nodeId", job_id as "jobId" from jobs limit 2`;
    const asked = [{ ...mine!, nodeId: other!.nodeId }, mine!, { ...other!, nodeId: mine!.nodeId }];
    expect(await new LogStore(database.sql).attempts(asked)).toEqual([undefined, 0, undefined]);
  });

  it('gives none to a node that is refused, retired or quarantined since, nor before its time', async () => {
    const { sql } = database;
    await desk.submit(admin, request({ scheduledAt: NOW + 60_000 }));
    const store = new DispatchStore(sql);
    expect(await store.read(await rooms(), terms())).toEqual([]);
    now += 60_000;
    await sql`update nodes set refused_at = now() where label = 'node-1'`;
    await sql`update nodes set retired_at = now() where label = 'node-2'`;
    await sql`update nodes set quarantined_at = now(), quarantine_reason = 'x' where label = 'node-3'`;
    expect(await store.read(await rooms(), terms())).toHaveLength(NODES - 3);
  });

  it('F31 starts at most a share of a kind, an owner and a site a minute, and one job a node', async () => {
    const { sql } = database;
    await desk.submit(admin, restart());
    await desk.submit(admin, restart());
    const store = new DispatchStore(sql);
    const all = await rooms();
    const started: number[] = [];
    for (let minute = 0; minute < 3; minute += 1) {
      const leased = [
        ...(await store.mutating(all, terms(), 0.05)),
        ...(await store.mutating(all, terms(), 0.05)),
      ];
      started.push(leased.length);
      const [most] = await sql<{ owner: number; site: number; node: number }[]>`
        select (select max(c)::int from (select count(*) as c from jobs where state = 'leased' group by owner) o) as owner,
          (select count(*)::int from jobs where state = 'leased' and site = 'home') as site,
          (select max(c)::int from (select count(*) as c from jobs where state = 'leased' group by node_id) o) as node`;
      expect(most).toEqual({ owner: 5, site: expect.any(Number), node: 1 });
      expect(most!.site).toBeLessThanOrEqual(5);
      now += 30_000;
      expect(await store.mutating(all, terms(), 0.05)).toEqual([]);
      await sql`update jobs set state = 'succeeded', ended_at = ${new Date(now)} where state = 'leased'`;
      expect(await store.mutating(all, terms(), 0.05)).toEqual([]);
      now += 31_000;
    }
    expect(started).toEqual([10, 10, 10]);
  });

  it('submits what is scheduled once a turn, by what its maker may do then, and only what reads', async () => {
    const log = createLog({ level: 'silent' });
    const { sql } = database;
    const made = { ...{ sql, desk, clock, log }, audit: new AuditLog({ sql, clock }) };
    let held = true;
    const schedules = new JobSchedules({ ...made, holderOf: () => Promise.resolve(held ? ann : undefined) });
    const { kind, params, selector } = request();
    await expect(schedules.create(ann, { ...restart(), everyMs: 3_600_000 })).rejects.toMatchObject({
      code: 'not_schedulable',
    });
    const { scheduleId } = await schedules.create(ann, { kind, params, selector, everyMs: 3_600_000 });
    await Promise.all([schedules.tick(), schedules.tick()]);
    expect(await count('true')).toBe(100);
    now += 3 * 3_600_000;
    await schedules.tick();
    expect(await count('true')).toBe(200);
    held = false;
    now += 3_600_000;
    await schedules.tick();
    expect(await schedules.list(admin)).toHaveLength(1);
    await expect(schedules.end({ ...ann, email: BOB }, scheduleId)).rejects.toMatchObject({
      code: 'not_found',
    });
    await schedules.end(ann, scheduleId);
    held = true;
    now += 3_600_000;
    await schedules.tick();
    expect([await count('true'), await schedules.list(ann)]).toEqual([200, []]);
  });

  it('cancels what waits at once, retries it, and leaves other people’s nodes alone', async () => {
    const { batchId } = await desk.submit(admin, request());
    expect(await desk.cancel(ann, { batchId })).toBe(100);
    expect(await count("state = 'cancelled'")).toBe(100);
    expect(await desk.retry(ann, { batchId })).toBe(100);
    expect(await count("state = 'queued'")).toBe(NODES);
    expect((await reader.batch(ann, batchId))?.nodes).toBe(100);
    const page = await reader.list(ann, {});
    const rest = await reader.list(ann, {}, page.next);
    expect([page.jobs.length, rest.jobs.length, rest.next]).toEqual([50, 50, undefined]);
  });

  describe('over SSH', () => {
    /** A job of a worker's that failed, on a host that is no node yet or on a node. */
    const failed = async (kind: string, nodeId: string, owner: string): Promise<string> => {
      const { sql } = database;
      const work = new HubWork({ sql, clock, instance: 'hub-1', generation: 0, logDirectory: tmpdir() });
      const jobId = randomUUID();
      const job = { jobId, kind, class: 'code', nodeId, owner, params: '', createdBy: 'root@x.example' };
      await sql.begin((tx) => work.submit(tx, job));
      await sql`update jobs set state = 'failed', ended_at = now() where job_id = ${jobId}`;
      return jobId;
    };
    const retry = (viewer: typeof ann, jobId: string) => desk.retry(viewer, { jobIds: [jobId] });

    it('a retry takes a person who is there: no key, and no session left open', async () => {
      const [node] = await database.sql<
        { id: string }[]
      >`select node_id as id from nodes where owner = ${ANN}`;
      const jobId = await failed('firewall', node!.id, ANN);
      const key = { ...ann, keyScopes: ['jobs:write' as const] };
      await expect(retry(key, jobId)).rejects.toMatchObject({ code: 'confirm_first' });
      await expect(retry({ ...ann, confirmedAt: 0 }, jobId)).rejects.toMatchObject({ code: 'confirm_first' });
      expect(await count("state = 'failed'")).toBe(1);
      expect(await retry(ann, jobId)).toBe(1);
    });

    it('a bootstrap is retried by admins alone, whoever the host is for and whatever it has become', async () => {
      const [node] = await database.sql<
        { id: string }[]
      >`select node_id as id from nodes where owner = ${ANN}`;
      for (const place of ['192.0.2.7:22', node!.id]) {
        const jobId = await failed('bootstrap', place, ANN);
        expect(await retry(ann, jobId)).toBe(0);
        expect(await retry(admin, jobId)).toBe(1);
        expect(await desk.cancel(ann, { jobIds: [jobId] })).toBe(1);
      }
    });
  });
});
