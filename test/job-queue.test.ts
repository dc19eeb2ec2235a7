import { createLog } from '@stoa/hub';
import { type DbAdapter, openUrl } from '@stoa/hub/seams/db-adapter/index';
import { jobQueueContract } from '@stoa/hub/seams/job-queue/contract';
import { BullMqQueue, PgBossQueue } from '@stoa/hub/seams/job-queue/index';
import { afterAll, beforeAll, describe } from 'vitest';
import { type PostgresServer, startPostgres } from './kit/postgres.ts';
import { type RedisServer, startRedis } from './kit/redis.ts';

const log = createLog({ level: 'error' });

describe("pg-boss on the machine's own PostgreSQL", { tags: ['postgres'] }, () => {
  let server: PostgresServer;
  let database: DbAdapter;
  beforeAll(async () => {
    server = await startPostgres();
    database = await openUrl({ url: await server.createDatabase(), log });
  });
  afterAll(async () => {
    await database.close();
    await server.close();
  });

  jobQueueContract('pg-boss', {
    open: (policy) => PgBossQueue.open({ sql: database.sql, policy, log }),
    reset: async () => {
      await database.sql`drop schema if exists job_queue cascade`;
    },
    sql: () => database.sql,
  });
});

describe("BullMQ on the machine's own Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.close());

  jobQueueContract('bullmq', {
    open: (policy) => BullMqQueue.open({ url: server.url, policy, log }),
    reset: async () => {
      await server.kill();
      await server.start();
    },
  });
});
