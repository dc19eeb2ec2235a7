import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as schema from '@stoa/hub/schema';
import { type DbAdapter, type DbLog, openUrl } from '@stoa/hub/seams/db-adapter/index';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows, fillTables, shapeOf } from './kit/database-shape.ts';
import { type PostgresServer, startPostgres } from './kit/postgres.ts';

const MIGRATIONS = fileURLToPath(new URL('../packages/hub/migrations', import.meta.url));
const log: DbLog = { debug: () => {}, info: () => {}, warn: console.warn, error: console.error };

interface Journal {
  readonly entries: readonly { readonly tag: string; readonly when: number }[];
}

describe('migrations', { tags: ['postgres'], timeout: 120_000 }, () => {
  let server: PostgresServer;
  let journal: Journal;
  let scratch: string;
  beforeAll(async () => {
    server = await startPostgres();
    journal = JSON.parse(await readFile(join(MIGRATIONS, 'meta/_journal.json'), 'utf8'));
    scratch = await mkdtemp(join(tmpdir(), 'stoa-migrations-'));
  });
  afterAll(async () => {
    await server.close();
    await rm(scratch, { recursive: true });
  });

  const open = async (url: string, migrationsFolder = MIGRATIONS): Promise<DbAdapter> => {
    const adapter = await openUrl({ url, log, migrationsFolder, poolSize: 1 });
    await adapter.migrate();
    return adapter;
  };

  /** A folder as it was when it held `count` migrations. */
  async function firstOf(count: number): Promise<string> {
    const folder = join(scratch, `${count}`);
    await mkdir(join(folder, 'meta'), { recursive: true });
    const entries = journal.entries.slice(0, count);
    for (const { tag } of entries) await cp(join(MIGRATIONS, `${tag}.sql`), join(folder, `${tag}.sql`));
    await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify({ ...journal, entries }));
    return folder;
  }

  it('lead from version to version, with rows in every table of each, to the schema of a fresh database', async () => {
    const url = await server.createDatabase();
    let rows: Record<string, number> = {};
    for (let version = 1; version <= journal.entries.length; version += 1) {
      await using adapter = await open(url, await firstOf(version));
      // Sessions of browsers are ended by one of them; a rich list is made anew each hour, and took another form once; so did receipts.
      const { console_sessions: _ended, rich_list: _list, rich_list_head: _head, ...others } = rows;
      const { settled_receipts: _receipts, receipt_roots: _roots, receipt_tops: _tops, ...kept } = others;
      expect({ version, rows: await countRows(adapter.sql) }).toMatchObject({ version, rows: kept });
      rows = await fillTables(adapter.sql);
      expect(Object.values(rows)).not.toContain(0);
    }
    await using fresh = await open(await server.createDatabase());
    await using upgraded = await open(url);
    const head = await shapeOf(fresh.sql);
    expect(head.length).toBeGreaterThan(100);
    expect(await shapeOf(upgraded.sql)).toEqual(head);
  });

  it('come in the order of their time, since only what is later than the last one is applied', () => {
    const times = journal.entries.map(({ when }) => when);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
  });

  it('say all that the code says: a change of a schema.ts needs `pnpm migrations`', async () => {
    const last = `${journal.entries.length - 1}`.padStart(4, '0');
    const snapshot = JSON.parse(await readFile(join(MIGRATIONS, `meta/${last}_snapshot.json`), 'utf8'));
    const statements = await generateMigration(snapshot, generateDrizzleJson(schema, snapshot.id));
    expect(statements).toEqual([]);
  });

  it('make what drizzle-kit has no words for: partitions, an unlogged cache, room on the hot pages, a guard of the ledger', async () => {
    await using fresh = await open(await server.createDatabase());
    const shape = await shapeOf(fresh.sql);
    expect(shape).toContain('table metrics_5m p p RANGE (bucket)');
    expect(shape).toContain('table metrics_1h p p RANGE (bucket)');
    expect(shape).toContain('table stoicism_events p p RANGE (hour)');
    expect(shape).toContain('table ledger_accounts r p {fillfactor=50,autovacuum_vacuum_scale_factor=0.05}');
    expect(shape).toContain('table probe_cache r u {fillfactor=50}');
    expect(shape).toContain('table node_status r p {fillfactor=50,autovacuum_vacuum_scale_factor=0.05}');
    const guards = await fresh.sql`select tgname from pg_trigger where tgrelid = 'stoicism_events'::regclass`;
    expect(guards).toEqual([{ tgname: 'stoicism_events_append_only' }]);
  });
});
