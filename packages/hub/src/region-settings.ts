import type { Random } from '@stoa/protocol';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

type Queries = Sql | TransactionSql;

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

export async function readGeneration(sql: Queries): Promise<number> {
  const value = await read(sql, GENERATION);
  return value === undefined ? 0 : Buffer.from(value).readUInt32BE(0);
}

/** After a restore: higher than the restored database's own, and than `before`, the one that was replaced. @returns it. */
export async function raiseGeneration(tx: Queries, before: number): Promise<number> {
  const generation = Math.max(await readGeneration(tx), before) + 1;
  const value = Buffer.alloc(4);
  value.writeUInt32BE(generation);
  await write(tx, GENERATION, value);
  return generation;
}

const BACKUP_AT = 'backup-at';

/** A backup is whole since `at`, milliseconds since 1970. */
export function saveBackupTime(sql: Sql, at: number): Promise<void> {
  return saveNumber(sql, BACKUP_AT, at);
}

/** When the last backup was made, of those that came to their end. */
export function loadBackupTime(sql: Sql): Promise<number | undefined> {
  return loadNumber(sql, BACKUP_AT);
}

export async function loadNumber(sql: Sql, name: string): Promise<number | undefined> {
  const value = await loadText(sql, name);
  return value === undefined ? undefined : Number(value);
}

export function saveNumber(sql: Queries, name: string, value: number): Promise<void> {
  return saveText(sql, name, String(value));
}

export async function loadText(sql: Queries, name: string): Promise<string | undefined> {
  const value = await read(sql, name);
  return value === undefined ? undefined : Buffer.from(value).toString();
}

export function saveText(sql: Queries, name: string, value: string): Promise<void> {
  return write(sql, name, Buffer.from(value));
}

async function read(sql: Queries, name: string): Promise<Uint8Array | undefined> {
  const [row] = await sql<{ value: Uint8Array }[]>`select value from region_settings where name = ${name}`;
  return row?.value;
}

async function write(sql: Queries, name: string, value: Buffer): Promise<void> {
  await sql`insert into region_settings (name, value) values (${name}, ${value})
    on conflict (name) do update set value = excluded.value`;
}

/** A secret that all instances of the region share: `made`, or what another stored before. */
export function loadSecret(sql: Sql, name: string, made: Uint8Array): Promise<Uint8Array> {
  return settle(sql, name, made);
}

export function readSecret(sql: Queries, name: string): Promise<Uint8Array | undefined> {
  return read(sql, name);
}

export function saveSecret(sql: Queries, name: string, value: Uint8Array): Promise<void> {
  return write(sql, name, Buffer.from(value));
}

/** The stored value, or `initial`, now stored. */
async function settle(sql: Sql, name: string, initial: Uint8Array): Promise<Uint8Array> {
  await sql`insert into region_settings (name, value) values (${name}, ${Buffer.from(initial)}) on conflict do nothing`;
  return new Uint8Array((await read(sql, name))!);
}

const ORIGIN = 'origin';
const ROOT = 'root-fingerprint';

/** Where agents and browsers reach the region: told by each hub at its start, for commands beside it. */
export async function saveOrigin(
  sql: Sql,
  { origin, rootFingerprint }: { origin: string; rootFingerprint: Uint8Array },
): Promise<void> {
  await saveText(sql, ORIGIN, origin);
  await write(sql, ROOT, Buffer.from(rootFingerprint));
}

export function loadOrigin(sql: Sql): Promise<string | undefined> {
  return loadText(sql, ORIGIN);
}

/** What join tokens carry, for processes that have no signer at hand. */
export function loadRootFingerprint(sql: Sql): Promise<Uint8Array | undefined> {
  return read(sql, ROOT);
}
