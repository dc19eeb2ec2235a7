import type { Sql } from '@stoa/hub/seams/db-adapter/index';

/** Everything that makes a schema: two databases with the same lines behave the same. */
export async function shapeOf(sql: Sql): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    with tables as (select c.* from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p'))
    select concat_ws(' ', 'table', relname, relkind, relpersistence, reloptions, pg_get_partkeydef(oid)) as line from tables
    union all select concat_ws(' ', 'column', table_name, column_name, data_type, udt_name, collation_name, is_nullable,
        column_default, is_identity, datetime_precision, generation_expression)
      from information_schema.columns where table_schema = 'public'
    union all select concat_ws(' ', 'index', indexdef) from pg_indexes where schemaname = 'public'
    union all select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
      from pg_constraint where connamespace = 'public'::regnamespace
    order by line`;
  return rows.map(({ line }) => line);
}

interface TableColumns {
  readonly name: string;
  readonly columns: readonly { name: string; type: string; allowed: string | null }[];
}

/** One row in every table that has none, so that a migration that only suits empty tables shows. @returns counts. */
export async function fillTables(sql: Sql): Promise<Record<string, number>> {
  const tables = await sql<TableColumns[]>`
    select c.relname as name, jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, null), 'allowed',
      (select (regexp_match(pg_get_constraintdef(k.oid), 'ARRAY\\[(''[^'']*'')'))[1] from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum] limit 1))) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
      and a.attnotnull and a.attidentity = '' and a.attgenerated = ''
    group by c.relname order by c.relname`;
  const counts = await countRows(sql);
  // A table comes after those that it refers to.
  const waiting = tables.filter(({ name }) => counts[name] === 0);
  for (let put = 0; waiting.length > 0; put += 1) {
    const table = waiting.shift()!;
    if (!(await fill(sql, table, put < tables.length ** 2))) waiting.push(table);
  }
  return await countRows(sql);
}

async function fill(sql: Sql, { name, columns }: TableColumns, mayWait: boolean): Promise<boolean> {
  const values = columns.map(({ type, allowed }) => allowed ?? VALUES[type] ?? missing(name, type));
  const names = columns.map((column) => `"${column.name}"`);
  try {
    await sql.unsafe(`insert into "${name}" (${names.join(', ')}) values (${values.join(', ')})`);
    return true;
  } catch (error) {
    const foreignKey = error instanceof Error && 'code' in error && error.code === '23503';
    if (foreignKey && mayWait) return false;
    throw error;
  }
}

export async function countRows(sql: Sql): Promise<Record<string, number>> {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname`;
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const [row] = await sql<{ rows: number }[]>`select count(*)::int as rows from ${sql(name)}`;
    counts[name] = row?.rows ?? 0;
  }
  return counts;
}

const VALUES: Readonly<Record<string, string>> = {
  // Also a valid node id, the same in every table.
  text: `repeat('ab', 32)`,
  'text[]': `'{}'`,
  'integer[]': `'{}'`,
  'bigint[]': `'{}'`,
  bytea: `'\\x01'`,
  uuid: `'00000000-0000-4000-8000-000000000001'`,
  boolean: 'false',
  smallint: '1',
  integer: '1',
  bigint: '1',
  real: '1',
  'double precision': '1',
  numeric: '1',
  jsonb: `'{}'`,
  'timestamp with time zone': `'2026-11-25T18:00:00Z'`,
};

function missing(table: string, type: string): never {
  throw new Error(`no example value for a column of type '${type}' in ${table}: add one to VALUES`);
}
