/** Hub-run work while what it stands on is restarted: the queue may lose or repeat, the jobs table says what is done. */
import { randomBytes, randomUUID } from 'node:crypto';
import { createLog, type DbAdapter, HubError, openUrl, systemClock } from '@stoa/hub';
import { type Bootstrap, createBootstrap, SSH_QUEUE_POLICY, type SshHandler } from '@stoa/hub/bootstrap';
import { AllowedAddresses } from '@stoa/hub/egress';
import { HubWork } from '@stoa/hub/jobs';
import { BullMqQueue, type JobQueue, PgBossQueue } from '@stoa/hub/seams/job-queue/index';
import { MemoryProbeCache } from '@stoa/hub/seams/probe-cache/index';
import { Vault } from '@stoa/hub/vault';
import { afterEach, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../kit/postgres.ts';
import { startRedis } from '../kit/redis.ts';
import { temporaryDirectory } from '../kit/temporary-directory.ts';
import { until } from '../kit/until.ts';

const log = createLog({ level: 'silent' });
const JOBS = 150;
const NODES = 40;
const policy = { ...SSH_QUEUE_POLICY, leaseSeconds: 10, pauseSeconds: 1 };

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});
const own = <T extends AsyncDisposable>(thing: T): T => {
  open.push(thing);
  return thing;
};

interface Site {
  readonly postgres: PostgresServer;
  readonly database: DbAdapter;
  readonly queues: readonly [JobQueue, JobQueue];
  /** A crash of what the queue lives in, and its return. */
  readonly restart: () => Promise<void>;
}

async function databaseOf(postgres: PostgresServer): Promise<DbAdapter> {
  const database = own(await openUrl({ url: await postgres.createDatabase(), log }));
  await database.migrate();
  return database;
}

const SITES: Readonly<Record<string, () => Promise<Site>>> = {
  async 'pg-boss, PostgreSQL stopped and started'() {
    const postgres = own(await startPostgres());
    const database = await databaseOf(postgres);
    const queue = async () => own(await PgBossQueue.open({ sql: database.sql, policy, log }));
    const queues = [await queue(), await queue()] as const;
    return { postgres, database, queues, restart: async () => {} };
  },
  async 'BullMQ, Redis killed and started empty, and PostgreSQL too'() {
    const postgres = own(await startPostgres());
    const database = await databaseOf(postgres);
    const redis = own(await startRedis());
    const queue = async () => own(await BullMqQueue.open({ url: redis.url, policy, log }));
    const queues = [await queue(), await queue()] as const;
    const restart = async () => {
      await redis.kill();
      await redis.start();
    };
    return { postgres, database, queues, restart };
  },
};

describe('F22 hub-run work', { timeout: 240_000, tags: ['postgres'] }, () => {
  it.each(Object.keys(SITES))('is lost and done twice by nobody: %s', async (name) => {
    const { postgres, database, queues, restart } = await SITES[name]!();
    const directory = own(await temporaryDirectory());
    let skew = 0;
    const clock = { now: () => Date.now() + skew, after: systemClock.after };
    const running = new Set<string>();
    const together: string[] = [];
    const begun = new Map<string, number>();
    const handler: SshHandler = async (job) => {
      const { nodeId, jobId } = job.row;
      if (running.has(nodeId)) together.push(nodeId);
      running.add(nodeId);
      try {
        begun.set(jobId, (begun.get(jobId) ?? 0) + 1);
        await job.step('work', 50);
        await new Promise((resolve) => setImmediate(resolve));
        return { done: true };
      } catch (cause) {
        if (cause instanceof HubError) throw cause;
        throw new HubError('database_away', 'no word could be given', { retry: true, cause });
      } finally {
        running.delete(nodeId);
      }
    };
    const vault = new Vault({ keys: [randomBytes(32)], random: randomBytes });
    const by = { sql: database.sql, clock, generation: 0, logDirectory: directory.path, log };
    const workers = queues.map((queue, at): Bootstrap => {
      const worker = createBootstrap({
        ...{ ...by, queue, instance: `worker-${at}`, vault, random: randomBytes },
        ...{ tokens: {} as never, registry: {} as never, installer: { script: '' }, network: 'stoa' },
        cache: new MemoryProbeCache({ clock, maxNodes: 1 }),
        egressAllow: new AllowedAddresses([]),
        handlers: { 'sudoers-repair': handler },
      });
      worker.worker.start();
      return worker;
    });
    const work = new HubWork({ ...by, instance: 'desk' });
    const submit = async () => {
      const [jobId, nodeId] = [randomUUID(), `host-${Math.floor(Math.random() * NODES)}`];
      await database.sql.begin(async (tx) => {
        await work.submit(tx, {
          ...{ jobId, nodeId, kind: 'sudoers-repair', class: 'disruptive', owner: 'a@x', params: '{}' },
          createdBy: 'a@x',
        });
        await queues[0].enqueue([{ id: jobId, kind: 'sudoers-repair', lock: nodeId }], tx);
      });
    };
    const sweep = async () => {
      for (const { worker } of workers)
        await worker.sweep
          .tick()
          // What is away is asked again at the next period, as its ticker does.
          ?.catch(() => undefined);
    };
    const succeeded = async () => {
      const [row] = await database.sql<{ n: number }[]>`
        select count(*)::int as n from jobs where state = 'succeeded'`;
      return row?.n ?? 0;
    };
    for (let i = 0; i < JOBS; i += 1) await submit();
    await until('a part is done', async () => (await succeeded()) > JOBS / 10);
    await restart();
    await until(
      'more is done',
      async () => {
        await sweep();
        return (await succeeded()) > JOBS / 3;
      },
      { withinMs: 60_000, everyMs: 200 },
    );
    await postgres.stop();
    await postgres.start();
    await restart();
    await until(
      'all is done',
      async () => {
        await sweep().catch(() => undefined);
        // Leases that the outage left behind end, once nothing runs under any.
        if (running.size === 0) skew += 1_000;
        return (await succeeded().catch(() => 0)) === JOBS;
      },
      { withinMs: 150_000, everyMs: 250 },
    );
    const [sum] = await database.sql`
      select count(*)::int as jobs, count(distinct fencing_token)::int as tokens, sum(attempt)::int as attempts from jobs`;
    expect(together).toEqual([]);
    expect(sum).toMatchObject({ jobs: JOBS, tokens: JOBS });
    expect([...begun.values()].reduce((all, times) => all + times, 0)).toBeLessThanOrEqual(
      Number(sum?.['attempts']),
    );
    for (const worker of workers) await worker.close();
  });
});
