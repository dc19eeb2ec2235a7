import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import {
  loadBackupTime,
  loadOrigin,
  loadRegionSettings,
  loadSecret,
  raiseGeneration,
  saveBackupTime,
  saveOrigin,
} from './region-settings.ts';

let database: DbAdapter;
beforeAll(async () => {
  database = await openTemporary();
}, 60_000);
afterAll(() => database.close());

it('keeps what was first made, and tells what was last said', async () => {
  const { sql } = database;
  const made = (byte: number) => new Uint8Array(32).fill(byte);
  expect(await loadSecret(sql, 'a-secret', made(1))).toEqual(made(1));
  expect(await loadSecret(sql, 'a-secret', made(2))).toEqual(made(1));
  expect([await loadOrigin(sql), await loadBackupTime(sql)]).toEqual([undefined, undefined]);
  for (const at of [1_795_600_000_000, 1_795_700_000_000]) await saveBackupTime(sql, at);
  for (const origin of ['https://a.example', 'https://b.example'])
    await saveOrigin(sql, { origin, rootFingerprint: new Uint8Array(32) });
  expect([await loadOrigin(sql), await loadBackupTime(sql)]).toEqual([
    'https://b.example',
    1_795_700_000_000,
  ]);
});

it('raises the restore generation above both what was restored and what was replaced', async () => {
  const { sql } = database;
  const generation = async () => (await loadRegionSettings(sql, (count) => new Uint8Array(count))).generation;
  expect(await generation()).toBe(0);
  expect(await sql.begin((tx) => raiseGeneration(tx, 6))).toBe(7);
  expect(await sql.begin((tx) => raiseGeneration(tx, 0))).toBe(8);
  expect(await generation()).toBe(8);
});
