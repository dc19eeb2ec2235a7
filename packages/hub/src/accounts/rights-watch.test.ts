import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { Bus, type Topics } from '../bus.ts';
import { watchRights } from './rights-watch.ts';

const ANN = 'ann@stoa.example';
const BOB = 'bob@stoa.example';
const NODE = 'a'.repeat(64);

describe('watchRights', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let bus: Bus;
  let end: () => Promise<void>;
  const told: (Topics['rights'] | Topics['owners'])[] = [];
  let onTold = () => {};

  beforeAll(async () => {
    database = await openTemporary();
    await database.sql`insert into users (id, name, email, email_verified, created_at, updated_at)
      values ('u-ann', 'ann', ${ANN}, true, now(), now()), ('u-bob', 'bob', ${BOB}, true, now(), now())`;
    await database.sql`insert into nodes (node_id, public_key, node_cert, label, owner, region, created_at)
      values (${NODE}, ${Buffer.alloc(32, 1)}, '', 'n', ${ANN}, 'eu', now())`;
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    told.splice(0);
    const log = pino({ level: 'silent' });
    bus = new Bus({ log });
    for (const topic of ['rights', 'owners'] as const)
      bus.subscribe(topic, (news: (typeof told)[number]) => {
        told.push(news);
        onTold();
      });
    end = await watchRights({ sql: database.sql, bus, log });
  });
  afterEach(() => end());

  /** So many were told. */
  async function hear(count: number): Promise<typeof told> {
    while (told.length < count) await new Promise<void>((resolve) => (onTold = resolve));
    return told.splice(0);
  }

  it('tells of each way to lose rights, whoever took them', async () => {
    const { sql } = database;
    await sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
      values (${NODE}, ${BOB}, 'operator', ${ANN}, now())`;
    await sql`update node_shares set role = 'viewer'`;
    expect(await hear(1)).toEqual([{ account: BOB }]);
    await sql`delete from node_shares`;
    expect(await hear(1)).toEqual([{ account: BOB }]);
    await sql`update users set disabled_at = now() where id = 'u-bob'`;
    expect(await hear(1)).toEqual([{ account: 'u-bob' }]);
    await sql`update users set tier = 'baron' where id = 'u-ann'`;
    expect(await hear(1)).toEqual([{ account: 'u-ann' }]);
    await sql`insert into user_sessions (id, user_id, token, expires_at, created_at, updated_at)
      values ('s', 'u-ann', 't', now(), now(), now())`;
    await sql`update user_sessions set expires_at = now()`;
    await sql`delete from user_sessions`;
    expect(await hear(1)).toEqual([{ account: 'u-ann' }]);
  });

  it('tells who owns a node from now on, and who did, once that is certain', async () => {
    const { sql } = database;
    const undone = sql.begin(async (tx) => {
      await tx`update nodes set owner = 'nobody@stoa.example'`;
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await sql`update nodes set owner = ${BOB}, label = 'm'`;
    expect(await hear(2)).toEqual([{ account: ANN }, { nodes: [{ nodeId: NODE, owner: BOB }] }]);
  });

  it('takes everything for changed that it did not hear while its connection was lost', async () => {
    const { sql } = database;
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'`;
    const heard = await hear(2);
    expect(heard[0]).toEqual({ account: undefined });
    expect(heard[1]).toMatchObject({ nodes: [{ nodeId: NODE }] });
    await sql`update users set tier = 'modern' where id = 'u-ann'`;
    expect(await hear(1)).toEqual([{ account: 'u-ann' }]);
  });
});
