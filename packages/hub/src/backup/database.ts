import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type postgres from 'postgres';
import type { Sql } from '#seams/db-adapter/index.ts';
import { type Entry, entry, type TableRecord } from './records.ts';

/** COPY gives a piece a row: so many bytes of them go together. */
const PIECE = 256 * 1024;

type Connection = postgres.ReservedSql<{ bigint: bigint }>;

/**
 * Every row of every table as one moment saw it, tables after those that they refer to, then where sequences stand. What
 * nobody would miss is not left out: one rule without exceptions.
 */
export async function* dumpDatabase(sql: Sql): AsyncGenerator<Entry, void, undefined> {
  const connection = await sql.reserve();
  try {
    await connection`begin isolation level repeatable read read only`;
    for (const table of await tablesOf(connection)) {
      yield entry(table);
      yield* rowsOf(connection, table);
    }
    yield* sequencesOf(connection);
  } finally {
    await connection`rollback`;
    connection.release();
  }
}

/** `created_at` of the last migration applied. */
export async function schemaOf(sql: Sql): Promise<number> {
  const [row] = await sql<
    { at: bigint | null }[]
  >`select max(created_at) as at from drizzle.__drizzle_migrations`;
  return Number(row?.at ?? 0n);
}

interface TableFacts {
  table: string;
  columns: string[];
  partitions: { name: string; bound: string }[];
  /** Tables that it refers to. */
  needs: string[];
}

/** Ordinary and partitioned tables, the latter with their partitions; generated columns make themselves. */
export async function tablesOf(sql: Connection | Sql): Promise<TableRecord[]> {
  const found = await sql<TableFacts[]>`
    select c.relname as table,
      (select jsonb_agg(a.attname order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
      coalesce((select jsonb_agg(jsonb_build_object('name', p.relname, 'bound', pg_get_expr(p.relpartbound, p.oid)) order by p.relname)
        from pg_inherits i join pg_class p on p.oid = i.inhrelid where i.inhparent = c.oid), '[]') as partitions,
      coalesce((select jsonb_agg(distinct r.relname) from pg_constraint k join pg_class r on r.oid = k.confrelid
        where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid), '[]') as needs
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by c.relname`;
  const waiting = [...found];
  const done = new Set<string>();
  const ordered: TableRecord[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ needs }) => needs.every((need) => done.has(need)));
    if (next < 0)
      throw new RangeError(
        `tables refer to each other in a circle: ${waiting.map(({ table }) => table).join(', ')}`,
      );
    const [{ table, columns, partitions }] = waiting.splice(next, 1) as [TableFacts];
    done.add(table);
    ordered.push({ kind: 'table', table, columns, partitions });
  }
  return ordered;
}

async function* rowsOf(
  connection: Connection,
  { table, columns }: TableRecord,
): AsyncGenerator<Entry, void, undefined> {
  const rows = await connection
    .unsafe(`copy (select ${columns.map(quoted).join(', ')} from ${quoted(table)}) to stdout`)
    .readable();
  let held: Buffer[] = [];
  let length = 0;
  for await (const row of rows as AsyncIterable<Buffer>) {
    held.push(row);
    length += row.length;
    if (length < PIECE) continue;
    yield entry({ kind: 'rows' }, Buffer.concat(held));
    held = [];
    length = 0;
  }
  // postgres.js pauses its socket when a piece fills the stream, and a stream that has its end wakes it no more.
  rows._read(0);
  if (length > 0) yield entry({ kind: 'rows' }, Buffer.concat(held));
}

async function* sequencesOf(connection: Connection): AsyncGenerator<Entry, void, undefined> {
  const owned = await connection<{ sequence: string; table: string; column: string }[]>`
    select s.oid::regclass::text as sequence, c.relname as table, a.attname as column
    from pg_class s join pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
      join pg_class c on c.oid = d.refobjid join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
    where s.relkind = 'S' and s.relnamespace = 'public'::regnamespace order by 2, 3`;
  for (const { sequence, table, column } of owned) {
    const [at] = await connection.unsafe<{ value: string; called: boolean }[]>(
      `select last_value::text as value, is_called as called from ${sequence}`,
    );
    yield entry({ kind: 'sequence', table, column, value: at!.value, called: at!.called });
  }
}

/** Rows on their way into one table. */
export class TableLoad {
  readonly #into: Writable;

  private constructor(into: Writable) {
    this.#into = into;
  }

  static async begin(
    tx: postgres.TransactionSql,
    { table, columns, partitions }: TableRecord,
  ): Promise<TableLoad> {
    for (const { name, bound } of partitions)
      await tx.unsafe(
        `create table if not exists ${quoted(name)} partition of ${quoted(table)} ${bound} with (fillfactor = 70)`,
      );
    const into = await tx
      .unsafe(`copy ${quoted(table)} (${columns.map(quoted).join(', ')}) from stdin`)
      .writable();
    return new TableLoad(into);
  }

  async put(rows: Uint8Array): Promise<void> {
    if (!this.#into.write(rows)) await once(this.#into, 'drain');
  }

  async end(): Promise<void> {
    this.#into.end();
    await finished(this.#into);
  }
}

/** Names of ours and of PostgreSQL's catalogue; quoted all the same. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
