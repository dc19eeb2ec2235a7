import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { HourStore } from './hour-store.ts';
import { LeftOut } from './left-out.ts';

const HOUR = 494_000;
const OUT = new LeftOut();
const id = (digit: string) => digit.repeat(64);

describe('spans of an hour', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let store: HourStore;
  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    store = new HourStore({ sql, crypto: nodeCrypto });
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      select repeat(digit, 64), digit, 'o', 'eu', '', '', now() from unnest(string_to_array('1 3 5 7 9', ' ')) digit`;
    // Of 4 and b the registry knows nothing.
    await sql`insert into uptime_words (hub_hour, node_id, epoch, minutes)
      select ${HOUR}, repeat(digit, 64), 1, 1 from unnest(string_to_array('1 3 4 9 b', ' ')) digit`;
  }, 60_000);
  afterAll(() => database.close());

  it('hold so many nodes of the registry each, from behind where one begins', async () => {
    expect(await store.bounds({ after: '', count: 2 })).toEqual([id('3'), id('7')]);
    expect(await store.bounds({ after: id('3'), count: 2 })).toEqual([id('7')]);
    expect(await store.bounds({ after: '', count: 5 })).toEqual([id('9')]);
    expect(await store.bounds({ after: id('9'), count: 5 })).toEqual([]);
  });

  it('hold together whatever left anything, in the registry or not, each once', async () => {
    const pages = [];
    let after = '';
    for (const last of [...(await store.bounds({ after, count: 2 })), undefined]) {
      pages.push((await store.page(HOUR, { after, last, out: OUT })).map(({ nodeId }) => nodeId));
      after = last ?? after;
    }
    expect(pages).toEqual([[id('1'), id('3')], [id('4')], [id('9'), id('b')]]);
  });
});
