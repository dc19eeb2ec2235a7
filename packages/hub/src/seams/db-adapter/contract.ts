import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodes } from '#schema.ts';
import type { DbAdapter } from './adapter.ts';

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

    it('gives and takes int8 as bigint, timestamptz as Date, bytea as bytes, jsonb as JSON in `sql`', async () => {
      const at = new Date('2026-11-25T18:00:00.123Z');
      const bytes = randomBytes(300);
      const [row] = await adapter.sql`
        select ${2n ** 62n + 1n}::int8 as big, ${at}::timestamptz as at, ${bytes}::bytea as bytes,
          ${adapter.sql.json({ a: [1, 'x'] })}::jsonb as json, current_setting('TimeZone') as zone`;
      expect(row).toEqual({ big: 2n ** 62n + 1n, at, bytes, json: { a: [1, 'x'] }, zone: 'UTC' });
    });

    it('gives and takes the same through `db`', async () => {
      const node = exampleNode();
      await adapter.db.insert(nodes).values(node);
      const [stored] = await adapter.db.select().from(nodes).where(eq(nodes.nodeId, node.nodeId));
      expect(stored).toMatchObject(node);
    });

    it('shows what `db` committed to `sql`, and the other way round', async () => {
      const node = exampleNode();
      await adapter.db.insert(nodes).values(node);
      await adapter.sql`update nodes set label = 'renamed' where node_id = ${node.nodeId}`;
      const [stored] = await adapter.db.select().from(nodes).where(eq(nodes.nodeId, node.nodeId));
      expect(stored?.label).toBe('renamed');
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
      const failing = adapter.db.transaction(async (tx) => {
        await tx.insert(nodes).values(node);
        throw new Error('undone');
      });
      await expect(failing).rejects.toThrow('undone');
      const failingSql = adapter.sql.begin(async (sql) => {
        await sql`update nodes set label = 'half' where true`;
        throw new Error('undone too');
      });
      await expect(failingSql).rejects.toThrow('undone too');
      const [row] = await adapter.sql`
        select count(*) filter (where node_id = ${node.nodeId})::int as kept,
          count(*) filter (where label = 'half')::int as half from nodes`;
      expect(row).toEqual({ kept: 0, half: 0 });
    });

    it("reports a broken constraint by PostgreSQL's code", async () => {
      const node = exampleNode();
      await adapter.db.insert(nodes).values(node);
      const same = exampleNode();
      await adapter.db.insert(nodes).values(same);
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

async function applied(adapter: DbAdapter): Promise<readonly unknown[]> {
  return await adapter.sql`select hash, created_at from drizzle.__drizzle_migrations order by created_at`;
}

function exampleNode(): typeof nodes.$inferInsert & { nodeId: string } {
  return {
    nodeId: randomBytes(32).toString('hex'),
    label: 'stoa-1',
    owner: 'owner@example.org',
    region: 'eu',
    tags: ['rack "4", left', 'ssd'],
    publicKey: randomBytes(32),
    nodeCert: randomBytes(120),
    createdAt: new Date('2026-11-25T18:00:00.456Z'),
  };
}
