import type { Random } from '@stoa/protocol';
import type postgres from 'postgres';
import type { Sql } from '#seams/db-adapter/index.ts';

const GENERATION = 'restore-generation';

/** What every instance of the region must agree on, made by whichever starts first. */
export interface RegionSettings {
  readonly cookieKey: Uint8Array;
  /** Raised by each restore of the database; see `decideClaim`. */
  readonly generation: number;
}

export async function loadRegionSettings(sql: Sql, random: Random): Promise<RegionSettings> {
  const cookieKey = await settle(sql, 'reentry-cookie-key', random(32));
  const generation = await settle(sql, GENERATION, Uint8Array.of(0, 0, 0, 0));
  return { cookieKey, generation: Buffer.from(generation).readUInt32BE(0) };
}

export async function readGeneration(sql: Sql): Promise<number> {
  const value = await read(sql, GENERATION);
  return value === undefined ? 0 : Buffer.from(value).readUInt32BE(0);
}

/** After a restore: higher than the restored database's own, and than `before`, the one that was replaced. @returns it. */
export async function raiseGeneration(
  tx: postgres.TransactionSql<{ bigint: bigint }>,
  before: number,
): Promise<number> {
  const [row] = await tx<
    { value: Uint8Array }[]
  >`select value from region_settings where name = ${GENERATION}`;
  const restored = row === undefined ? 0 : Buffer.from(row.value).readUInt32BE(0);
  const generation = Math.max(restored, before) + 1;
  const value = Buffer.alloc(4);
  value.writeUInt32BE(generation);
  await tx`insert into region_settings (name, value) values (${GENERATION}, ${value})
    on conflict (name) do update set value = excluded.value`;
  return generation;
}

const BACKUP_AT = 'backup-at';

/** When the last backup was made; milliseconds since 1970. */
export async function saveBackupTime(sql: Sql, at: number): Promise<void> {
  const value = Buffer.from(String(at));
  await sql`insert into region_settings (name, value) values (${BACKUP_AT}, ${value})
    on conflict (name) do update set value = excluded.value`;
}

export async function loadBackupTime(sql: Sql): Promise<number | undefined> {
  const value = await read(sql, BACKUP_AT);
  return value === undefined ? undefined : Number(Buffer.from(value).toString());
}

async function read(sql: Sql, name: string): Promise<Uint8Array | undefined> {
  const [row] = await sql<{ value: Uint8Array }[]>`select value from region_settings where name = ${name}`;
  return row?.value;
}

/** A secret that all instances of the region share: `made`, or what another stored before. */
export function loadSecret(sql: Sql, name: string, made: Uint8Array): Promise<Uint8Array> {
  return settle(sql, name, made);
}

/** The stored value, or `initial`, now stored. */
async function settle(sql: Sql, name: string, initial: Uint8Array): Promise<Uint8Array> {
  await sql`insert into region_settings (name, value) values (${name}, ${Buffer.from(initial)}) on conflict do nothing`;
  const [row] = await sql<{ value: Uint8Array }[]>`select value from region_settings where name = ${name}`;
  return new Uint8Array(row!.value);
}

/** Where agents and browsers reach the region: told by each hub at its start, for commands beside it. */
export async function saveOrigin(sql: Sql, origin: string): Promise<void> {
  const value = Buffer.from(origin);
  await sql`insert into region_settings (name, value) values ('origin', ${value})
    on conflict (name) do update set value = excluded.value`;
}

export async function loadOrigin(sql: Sql): Promise<string | undefined> {
  const [row] = await sql<{ value: Uint8Array }[]>`select value from region_settings where name = 'origin'`;
  return row === undefined ? undefined : Buffer.from(row.value).toString();
}
