import type { Random } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';

/** What every instance of the region must agree on, made by whichever starts first. */
export interface RegionSettings {
  readonly cookieKey: Uint8Array;
  /** Raised by each restore of the database; see `decideClaim`. */
  readonly generation: number;
}

export async function loadRegionSettings(sql: Sql, random: Random): Promise<RegionSettings> {
  const cookieKey = await settle(sql, 'reentry-cookie-key', random(32));
  const generation = await settle(sql, 'restore-generation', Uint8Array.of(0, 0, 0, 0));
  return { cookieKey, generation: Buffer.from(generation).readUInt32BE(0) };
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
