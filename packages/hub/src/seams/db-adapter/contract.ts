import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter, Sql, TransactionSql } from './adapter.ts';
import { Upsert, type UpsertTarget } from './upsert.ts';

/** What every back end must do. `open` gives a fresh, empty database each time. */
export function dbAdapterContract(name: string, open: () => Promise<DbAdapter>): void {
  describe(`DbAdapter contract: ${name}`, { timeout: 60_000 }, () => {
    let adapter: DbAdapter;
    beforeAll(async () => {
      adapter = await open();
      await adapter.migrate();
    }, 60_000);
    afterAll(() => adapter.close());

    it('migrates again and from several callers at once without effect', async () => {
      const before = await applied(adapter);
      await Promise.all([adapter.migrate(), adapter.migrate(), adapter.migrate()]);
      expect(await applied(adapter)).toEqual(before);
      expect(before.length).toBeGreaterThan(0);
    });

    it('gives and takes int8 as bigint, timestamptz as Date, bytea as bytes, jsonb as JSON ', async () => {
      const at = new Date('2026-11-25T18:00:00.123Z');
      const bytes = randomBytes(300);
      const [row] = await adapter.sql`
        select ${2n ** 62n + 1n}::int8 as big, ${at}::timestamptz as at, ${bytes}::bytea as bytes,
          ${adapter.sql.json({ a: [1, 'x'] })}::jsonb as json, current_setting('TimeZone') as zone`;
      expect(row).toEqual({ big: 2n ** 62n + 1n, at, bytes, json: { a: [1, 'x'] }, zone: 'UTC' });
    });

    it('plans without workers and without compiling', async () => {
      const [row] = await adapter.sql`
        select current_setting('max_parallel_workers_per_gather') as workers, current_setting('jit') as jit`;
      expect(row).toEqual({ workers: '0', jit: 'off' });
    });

    it('reads at the replica, which without one is the database itself', async () => {
      const [row] =
        await adapter.replica`select count(*)::int as tables from pg_tables where tablename = 'nodes'`;
      expect(row).toEqual({ tables: 1 });
    });

    it('orders node ids by their bytes', async () => {
      const ids = await adapter.sql<{ id: string }[]>`
        select id from unnest(${['f0', '0f', 'a9', '9a']}::text[]) id order by id collate "C"`;
      expect(ids.map(({ id }) => id)).toEqual(['0f', '9a', 'a9', 'f0']);
      const [column] = await adapter.sql`
        select collation_name from information_schema.columns where table_name = 'nodes' and column_name = 'node_id'`;
      expect(column?.['collation_name']).toBe('C');
    });

    it('leaves nothing of a transaction that failed', async () => {
      const node = exampleNode();
      const failing = adapter.sql.begin(async (tx) => {
        await insert(tx, node);
        await tx`update nodes set label = 'half' where true`;
        throw new Error('undone');
      });
      await expect(failing).rejects.toThrow('undone');
      const [row] = await adapter.sql`
        select count(*) filter (where node_id = ${node.nodeId})::int as kept,
          count(*) filter (where label = 'half')::int as half from nodes`;
      expect(row).toEqual({ kept: 0, half: 0 });
    });

    it('fails a transaction whose connection ended, and nothing else', async () => {
      const { sql } = adapter;
      const failed = sql.begin(async (tx) => {
        const [own] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
        await sql`select pg_terminate_backend(${own!.pid})`;
        await tx`select 1`.catch(() => undefined);
        for (let left = 1; left > 0; )
          [{ left } = { left: 0 }] = await sql<
            { left: number }[]
          >`select count(*)::int as left from pg_stat_activity where pid = ${own!.pid}`;
        // Now it is rolled back, over a connection that is no more.
        throw new Error('what went wrong');
      });
      await expect(failed).rejects.toThrow();
      expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    });

    it("reports a broken constraint by PostgreSQL's code", async () => {
      const node = exampleNode();
      await insert(adapter.sql, node);
      const same = exampleNode();
      await insert(adapter.sql, same);
      const again = adapter.sql`update nodes set node_id = ${same.nodeId} where node_id = ${node.nodeId}`;
      await expect(again).rejects.toMatchObject({ code: '23505' });
    });

    it('answers more callers than it has connections', async () => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const [row] = await adapter.sql`select ${index}::int as index, pg_sleep(0.001)`;
          return row?.['index'];
        }),
      );
      expect(answers).toEqual(Array.from({ length: 100 }, (_, index) => index));
    });

    it('stores what an Upsert is given, for every value its columns can hold', async () => {
      await adapter.sql`create table example (id text primary key, version int4, small int2, big int8, share real,
        at timestamptz(3), bytes bytea, flag bool, exact numeric(38,0))`;
      const upsert = new Upsert<Example>(adapter.sql, exampleTarget);
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(anyExample, { selector: ({ id }) => id, maxLength: 30 }),
          async (rows) => {
            await adapter.sql`truncate example`;
            await upsert.write(rows);
            const stored = await adapter.sql<Example[]>`select * from example order by id collate "C"`;
            expect(stored.map(asFloat4)).toEqual(
              rows.sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id))),
            );
          },
        ),
        { numRuns: 50 },
      );
    });

    it('replaces a row only if the Upsert allows it, and nothing at all if one row is refused', async () => {
      await adapter.sql`create table if not exists example (id text primary key, version int4, small int2, big int8,
        share real, at timestamptz(3), bytes bytea, flag bool, exact numeric(38,0))`;
      await adapter.sql`truncate example`;
      const upsert = new Upsert<Example>(adapter.sql, exampleTarget);
      const row = (id: string, version: number): Example => ({
        ...fc.sample(anyExample, 1)[0]!,
        id,
        version,
      });
      await upsert.write([row('a', 2), row('b', 2)]);
      await upsert.write([row('a', 1), row('b', 3), row('c', 1)]);
      const versions = () => adapter.sql`select id, version from example order by id`;
      const before = await versions();
      expect([...before]).toEqual([
        { id: 'a', version: 2 },
        { id: 'b', version: 3 },
        { id: 'c', version: 1 },
      ]);
      await expect(upsert.write([row('a', 9), row('zero \0', 9)])).rejects.toMatchObject({ code: '22021' });
      expect(await versions()).toEqual(before);
      // Its connection went back to the pool in order.
      await Promise.all(Array.from({ length: 20 }, (_, index) => upsert.write([row(`d${index}`, 1)])));
      expect(await versions()).toHaveLength(23);
    });

    it('is ready while open; once closed it is not, and closing again is nothing', async () => {
      const other = await open();
      await expect(other.check()).resolves.toBeUndefined();
      const running = other.sql`select pg_sleep(0.2), 1 as done`;
      void running.execute();
      await Promise.all([other.close(), other.close()]);
      expect((await running)[0]?.['done']).toBe(1);
      await expect(other.check()).rejects.toMatchObject({ code: 'database_unavailable', retry: true });
    });
  });
}

interface Example {
  id: string;
  version: number;
  small: number | null;
  big: bigint | null;
  share: number | null;
  at: Date | null;
  bytes: Buffer;
  flag: boolean;
  exact: string;
}

const anyExample: fc.Arbitrary<Example> = fc.record({
  id: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
  version: fc.integer(),
  small: fc.option(fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })),
  big: fc.option(fc.bigInt({ min: 1n - 2n ** 63n, max: 2n ** 63n - 1n })),
  share: fc.option(fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
  at: fc.option(fc.date({ min: new Date('0100-01-01'), max: new Date('9999-01-01'), noInvalidDate: true })),
  bytes: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
  flag: fc.boolean(),
  exact: fc.bigInt({ min: 1n - 10n ** 38n, max: 10n ** 38n - 1n }).map(String),
});

/** PostgreSQL writes the shortest digits that name the same float4. */
const asFloat4 = (row: Example): Example => ({
  ...row,
  share: row.share === null ? null : Math.fround(row.share),
});

const exampleTarget: UpsertTarget<Example> = {
  table: 'example',
  key: ['id'],
  columns: ['id', 'version', 'small', 'big', 'share', 'at', 'bytes', 'flag', 'exact'],
  encode: (to, row) => {
    to.text(row.id).int4(row.version).int2(row.small).int8(row.big).float4(row.share);
    to.timestamptz(row.at === null ? null : row.at.getTime())
      .bytea(row.bytes)
      .bool(row.flag)
      .numeric(BigInt(row.exact));
  },
  replaceIf: 'example.version <= excluded.version',
};

async function applied(adapter: DbAdapter): Promise<readonly unknown[]> {
  return await adapter.sql`select hash, created_at from drizzle.__drizzle_migrations order by created_at`;
}

function exampleNode() {
  return {
    nodeId: randomBytes(32).toString('hex'),
    label: 'stoa-1',
    owner: 'owner@example.org',
    region: 'eu',
    publicKey: randomBytes(32),
    nodeCert: randomBytes(120),
  };
}

async function insert(sql: Sql | TransactionSql, node: ReturnType<typeof exampleNode>): Promise<void> {
  await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
    values (${node.nodeId}, ${node.label}, ${node.owner}, ${node.region}, ${node.publicKey}, ${node.nodeCert}, now())`;
}
