import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { LogFiles } from './log-files.ts';
import { expired, expiredKeepsake, JobRetention } from './retention.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 26);

describe('what goes of jobs', () => {
  let database: DbAdapter;
  let directory: string;
  beforeAll(async () => {
    database = await openTemporary();
    directory = await mkdtemp(join(tmpdir(), 'stoa-retention-'));
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await rm(directory, { recursive: true });
  });

  it('are those that are over for 30 days; what made a backup or a seed stays for 400', async () => {
    const { sql } = database;
    const add = async (name: string, kind: string, state: string, days: number | undefined) => {
      const ended = days === undefined ? null : new Date(NOW - days * DAY_MS);
      await sql`insert into jobs (batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, state,
          max_attempts, scheduled_at, deadline, created_at, ended_at, step)
        values (gen_random_uuid(), ${'ab'.repeat(32)}, 'a@x.io', 'agent', ${kind}, 'read', false, true, '{}', ${state}, 1,
          now(), now(), now(), ${ended}, ${name})`;
    };
    await add('young', 'node-test', 'succeeded', 29);
    await add('old', 'node-test', 'succeeded', 31);
    await add('open', 'node-test', 'running', undefined);
    await add('backup', 'backup-stoachain', 'succeeded', 399);
    await add('seed', 'seed-promote', 'succeeded', 31);
    await add('old backup', 'backup-stoachain', 'succeeded', 401);
    await add('no backup', 'backup-stoachain', 'failed', 31);
    const clock = { now: () => NOW };
    await new JobRetention({ sql, files: new LogFiles({ directory }), clock }).tick();
    const left = await sql<{ step: string }[]>`select step from jobs order by step`;
    expect(left.map(({ step }) => step)).toEqual(['backup', 'open', 'seed', 'young']);
  });

  it.each([
    ['jobs_ended', expired],
    ['jobs_keepsakes', expiredKeepsake],
  ])('are found by an index that passes over what stays: %s', async (index, condition) => {
    const plan = await database.sql.begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      return tx`explain select job_id from jobs where ${condition(database.sql, new Date(NOW))}`;
    });
    expect(JSON.stringify(plan)).toContain(index);
  });
});
