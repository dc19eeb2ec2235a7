import { POINT } from '@stoa/protocol/stoicism';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { createRichListPages, createRichListRefresh } from './index.ts';

const HOUR_MS = 3_600_000;

describe('the rich list', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  const clock = { time: 0, now: () => clock.time };

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    clock.time = Date.UTC(2026, 10, 26, 12, 21);
    await database.sql`truncate rich_list_a, rich_list_b, rich_list_head, ledger_accounts, ledger_head, payout_accounts cascade`;
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    createRichListPages({ sql: database.sql, clock }).mount(app);
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
  });

  const refresh = () => createRichListRefresh({ sql: database.sql, clock }).tick();
  const text = async (path: string) => (await app.request(path)).text();
  const list = async (after = 0) =>
    (await (await app.request(`/explorer/rich.json?after=${after}`)).json()) as {
      accounts: number;
      rows: { place: number; account: string; total: string; rose: number | null }[];
      next: string | null;
    };
  const id = (i: number) => i.toString(16).padStart(32, '0');
  const hold = async (i: number, { current = 0n, redeemed = 0n }) => {
    const { sql } = database;
    await sql`insert into payout_accounts (account_id, account) values (${id(i)}, ${`k:${i}`}) on conflict do nothing`;
    await sql`insert into ledger_accounts (account_id, current, minting, redeemed)
      values (${id(i)}, ${String(current)}, 0, ${String(redeemed)})
      on conflict (account_id) do update set current = excluded.current, redeemed = excluded.redeemed`;
  };

  it('is empty, then made once an hour, when the hour before is closed', async () => {
    expect(await text('/explorer/rich')).toContain('Nobody has earned anything yet');
    await hold(1, { current: POINT });
    await refresh();
    await hold(2, { redeemed: 2n * POINT });
    clock.time += 58 * 60_000;
    await refresh();
    expect((await list()).accounts).toBe(1);
    clock.time += 60_000;
    await refresh();
    expect((await list()).rows.map(({ account, total }) => [account, total])).toEqual([
      ['k:2', '2'],
      ['k:1', '1'],
    ]);
  });

  it('goes by Redeemed and Current together, and says who rose and who fell', async () => {
    await hold(1, { current: 3n * POINT });
    await hold(2, { current: 1n, redeemed: 2n * POINT });
    await hold(3, {});
    await refresh();
    await hold(2, { current: 2n * POINT, redeemed: 2n * POINT });
    await hold(4, { redeemed: POINT });
    clock.time += HOUR_MS;
    await refresh();
    expect((await list()).rows).toMatchObject([
      { place: 1, account: 'k:2', rose: 1 },
      { place: 2, account: 'k:1', rose: -1 },
      { place: 3, account: 'k:4', rose: null },
    ]);
    const page = await text('/explorer/rich');
    expect(page).toContain('▲ up 1');
    expect(page).toContain('TEST');
  });

  it('is read page by page, as CSV too, and finds an account; nobody is named', async () => {
    const { sql } = database;
    await sql`insert into ledger_accounts (account_id, current, minting, redeemed)
      select lpad(to_hex(i), 32, '0'), i * ${String(POINT)}::numeric, 0, 0 from generate_series(1, 1100) i`;
    await sql`insert into payout_accounts (account_id, account)
      select lpad(to_hex(i), 32, '0'), 'k:' || i from generate_series(1, 1100) i`;
    await sql`insert into payout_choices (owner, account_id, from_hour, set_by, set_at)
      values ('ann@x.example', ${id(7)}, 0, 'ann@x.example', now())`;
    await refresh();
    const pages = [await text('/explorer/rich'), await text('/explorer/rich?after=100')];
    expect(pages[0]).toContain('k:1001<');
    expect(pages[0]).toContain('/explorer/rich?after=100"');
    expect(pages[1]).toContain('k:1000<');
    const first = await list();
    expect([first.rows.length, first.next]).toEqual([1_000, '/explorer/rich.json?after=1000']);
    expect((await list(1_000)).rows.at(-1)).toMatchObject({ place: 1_100, account: 'k:1' });
    expect((await text('/explorer/rich.csv?after=1099')).split('\r\n')[1]).toBe(
      '1100,k:1,0,1,1,,2026-11-26T12:21:00Z,TEST',
    );
    expect(await text('/explorer/rich?account=k:7')).toContain('1,094');
    expect(await text('/explorer/rich?account=k:nobody')).toContain('not in the list');
    expect([...pages, await text('/explorer/rich.csv')].join('')).not.toContain('@');
    expect((await app.request('/explorer/rich?after=x')).status).toBe(400);
  });
});
