import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@stoa/hub';
import { AuditLog } from '@stoa/hub/audit';
import { restoreBackup, type SealSecret, verifyBackup, writeBackup } from '@stoa/hub/backup';
import { PartitionKeeper } from '@stoa/hub/history';
import { createLedgerTools } from '@stoa/hub/ledger';
import { type DbAdapter, type DbLog, openUrl, type Sql } from '@stoa/hub/seams/db-adapter/index';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows, fillTables, shapeOf } from './kit/database-shape.ts';
import { type PostgresServer, startPostgres } from './kit/postgres.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';

const log: DbLog = { debug: () => {}, info: () => {}, warn: console.warn, error: console.error };
const SECRET: SealSecret = { kind: 'scrypt', passphrase: 'the passphrase of a test' };
const JOURNAL = fileURLToPath(new URL('../packages/hub/migrations/meta/_journal.json', import.meta.url));
const COST = { n: 16, r: 1, p: 1 };

const withoutPartitions = (shape: string[]) =>
  shape.filter((line) => !/(?:metrics_5m|metrics_1h|stoicism_events)_\d/.test(line));

/** All rows of a database as text, by table. */
async function contentOf(sql: Sql): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const name of Object.keys(await countRows(sql))) {
    const rows = await sql.unsafe<{ row: string }[]>(
      `select t::text as row from "${name}" t ${name === 'region_settings' ? "where name not in ('restore-generation')" : ''} order by 1`,
    );
    content[name] = rows.map(({ row }) => row);
  }
  return content;
}

describe('a backup', { tags: ['postgres'], timeout: 120_000 }, () => {
  let server: PostgresServer;
  let source: DbAdapter;
  let place: Awaited<ReturnType<typeof temporaryDirectory>>;
  let dataDir: string;
  let file: string;

  const fresh = async () => openUrl({ url: await server.createDatabase(), log });
  const emptyDirectory = async (name: string) => {
    await mkdir(join(place.path, name));
    return join(place.path, name);
  };
  const restored = async (name: string, path = file, force = false) => {
    const target = await fresh();
    const to = await emptyDirectory(name);
    return { target, to, report: await restoreBackup(target, { path, secret: SECRET, dataDir: to, force }) };
  };
  const back = (path: string, sql: Sql = source.sql) =>
    writeBackup(
      {
        sql,
        dataDir,
        about: { version: '0.1.0', region: 'eu', instance: 'hub-1' },
        clock: systemClock,
        random: randomBytes,
        cost: COST,
      },
      path,
      SECRET,
    );

  beforeAll(async () => {
    server = await startPostgres();
    place = await temporaryDirectory();
    source = await fresh();
    await source.migrate();
    await fillTables(source.sql);
    await new PartitionKeeper({ sql: source.sql, clock: systemClock }).tick();
    await source.sql`insert into metrics_5m (node_id, bucket, writer, samples, stats)
      values (repeat('cd', 32), now(), ${'tab\t newline\n back\\slash ü'}, 2147483647, ${Buffer.from([0, 255, 10, 92])})`;
    for (let i = 0; i < 3; i += 1)
      await source.sql`insert into node_events (at, node_id, kind, detail) values (now(), 'x', 'y', '{"a":"\\\\N\\t"}')`;
    const filler = 'x'.repeat(100_000);
    for (let i = 0; i < 12; i += 1)
      await source.sql`insert into region_settings (name, value) values (${`filler-${i}`}, ${Buffer.from(filler)})`;
    await source.sql`insert into region_settings (name, value) values ('restore-generation', ${Buffer.from([0, 0, 0, 4])})`;
    await source.sql`delete from ledger_head`;
    const { bonuses } = createLedgerTools({ sql: source.sql, clock: systemClock });
    const [receiver, donor] = ['a', 'b'].map((ownerId) => ({
      ownerId,
      nodeId: 'cd'.repeat(32),
      accountId: ownerId.repeat(32),
    }));
    // Behind the reset with which a ledger begins.
    const hour = Math.floor(Date.now() / 3_600_000) + 2;
    expect(await bonuses.donate({ receiver: receiver!, donor: donor!, hour })).toBe('paid');
    dataDir = await emptyDirectory('source');
    await mkdir(join(dataDir, 'signer/root'), { recursive: true });
    await mkdir(join(dataDir, 'postgres'));
    await writeFile(join(dataDir, 'postgres/PG_VERSION'), '18');
    await writeFile(join(dataDir, 'instance.key'), randomBytes(32), { mode: 0o600 });
    await writeFile(join(dataDir, 'signer/root/root.key'), 'sealed root', { mode: 0o600 });
    await writeFile(join(dataDir, 'signer/journal'), randomBytes(300_000));
    file = join(place.path, 'hub.backup');
    await back(file);
  }, 120_000);
  afterAll(async () => {
    await source.close();
    await server.close();
    await place[Symbol.asyncDispose]();
  });

  it('gives back every row of every table, every sequence, and every key', async () => {
    const { target, to, report } = await restored('whole');
    await using _ = target;
    const content = await contentOf(source.sql);
    expect(
      Object.entries(content).filter(([name, rows]) => rows.length === 0 && !/^metrics_.*_/.test(name)),
    ).toEqual([]);
    expect(await contentOf(target.sql)).toEqual(content);
    expect((await target.sql`select from stoicism_events`).length).toBe(1);
    expect(report.generation).toBe(5);
    expect(report.files).toEqual(['instance.key', 'signer/journal', 'signer/root/root.key']);
    for (const path of report.files) {
      expect((await readFile(join(to, path))).equals(await readFile(join(dataDir, path)))).toBe(true);
      expect((await stat(join(to, path))).mode & 0o777).toBe(0o600);
    }
    const [next] = await target.sql<{ id: bigint }[]>`insert into node_events (at, node_id, kind, detail)
      values (now(), 'x', 'y', '{}') returning id`;
    const [last] = await source.sql<{ id: bigint }[]>`select max(id) as id from node_events`;
    expect(next?.id).toBeGreaterThan(last!.id);
    await new AuditLog({ sql: target.sql, clock: systemClock }).append({
      actor: 'a',
      act: 'b.c',
      subject: '',
    });
  });

  it('is of one moment, however much is written meanwhile', async () => {
    const writing = new AbortController();
    const writes = (async () => {
      for (let i = 0; !writing.signal.aborted; i += 1)
        await source.sql.begin(async (tx) => {
          await tx`insert into region_settings (name, value) values (${`pair-${i}`}, '\\x01')`;
          await tx`insert into node_events (at, node_id, kind, detail) values (now(), 'pair', 'pair', '{}')`;
        });
    })();
    const path = join(place.path, 'moving.backup');
    await back(path);
    writing.abort();
    await writes;
    const { target } = await restored('moving', path);
    await using _ = target;
    const [pairs] =
      await target.sql`select (select count(*)::int from region_settings where name like 'pair-%') as a,
      (select count(*)::int from node_events where kind = 'pair') as b`;
    expect(pairs?.['a']).toBe(pairs?.['b']);
  });

  it('overwrites nothing unless told to, and then raises the generation above both', async () => {
    const { target, to } = await restored('twice');
    await using _ = target;
    const again = (force: boolean) =>
      restoreBackup(target, { path: file, secret: SECRET, dataDir: to, force });
    await expect(again(false)).rejects.toMatchObject({ code: 'target_not_empty' });
    await target.sql`update region_settings set value = ${Buffer.from([0, 0, 0, 9])} where name = 'restore-generation'`;
    await target.sql`delete from node_events`;
    await writeFile(join(to, 'instance.key'), 'another', { mode: 0o600 });
    expect((await again(true)).generation).toBe(10);
    expect((await target.sql`select from node_events`).length).toBeGreaterThan(0);
    await using empty = await fresh();
    await writeFile(join(to, 'instance.key'), 'another', { mode: 0o600 });
    const other = restoreBackup(empty, { path: file, secret: SECRET, dataDir: to, force: false });
    await expect(other).rejects.toThrow('instance.key');
  });

  it('of an earlier version is brought to the schema of this one', async () => {
    const journal = JSON.parse(await readFile(JOURNAL, 'utf8')) as { entries: { when: number }[] };
    await using old = await fresh();
    await old.migrate({ until: journal.entries[8]!.when });
    await fillTables(old.sql);
    const path = join(place.path, 'old.backup');
    await back(path, old.sql);
    const { target } = await restored('old', path);
    await using _ = target;
    expect(await shapeOf(target.sql)).toEqual(await shapeOf(source.sql).then(withoutPartitions));
    const counts = await countRows(target.sql);
    // A later version may have dropped a table, and the raised generation is a row.
    const kept = Object.entries(await countRows(old.sql)).filter(([name]) => name in counts);
    expect(kept.length).toBeGreaterThan(10);
    for (const [name, rows] of kept)
      expect([name, counts[name]]).toEqual([name, rows + (name === 'region_settings' ? 1 : 0)]);
  });

  it('is read to its end before anything is touched', async () => {
    const bytes = await readFile(file);
    const cut = join(place.path, 'cut.backup');
    await writeFile(cut, bytes.subarray(0, bytes.length - 20));
    await using target = await fresh();
    const dir = await emptyDirectory('cut');
    const broken = restoreBackup(target, { path: cut, secret: SECRET, dataDir: dir, force: true });
    await expect(broken).rejects.toMatchObject({ code: 'backup_damaged' });
    expect(await target.sql`select from pg_class where relnamespace = 'public'::regnamespace`).toHaveLength(
      0,
    );
    const wrong = verifyBackup({ path: file, secret: { kind: 'scrypt', passphrase: 'another passphrase' } });
    await expect(wrong).rejects.toMatchObject({ code: 'backup_locked' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(bytes.includes('sealed root')).toBe(false);
  });
});
