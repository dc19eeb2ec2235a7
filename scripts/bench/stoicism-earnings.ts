import { get } from 'node:http';
import { createRichListRefresh } from '@stoa/hub/rich-list';
import type { Sql } from '@stoa/hub/seams/db-adapter/index';
import { type ConsoleWorld, openConsoleWorld } from '../../test/kit/console-world.ts';
import { seedLedger } from '../../test/kit/ledger-rows.ts';
import { type Bench, cpuOf, quantile, result, round } from './result.ts';

const NODES = 20_000;
const HOURS = { short: 500, long: 5_000 };
/** Of the nodes three in ten stand on farms of sixty; the others are two an owner. */
const FARMS = 100;
const OWNERS = 7_000;
/** Every fifth look is a farm's: so p95 is one of theirs. */
const LOOKS = 400;
const FARM_SHARE = 5;
const HOUR_MS = 3_600_000;
const SHARED_BUFFERS = '512MB';
const ACCOUNTS = 500_000;
const TARGETS = { pageMs: 50, refreshMs: 5_000, headMs: 2 };

/**
 * The earnings page over a ledger of 10,000,000 events in partitions (100,000,000 under --long), 500 hours of 20,000 nodes, as
 * hub and database serve it over HTTP: 400 looks, each owner's first one; every fifth is a farm's with 30,000 events. The value is
 * the p95 of the whole page. Then the rich list over 500,000 accounts: a refresh with one before it, and the read of its head.
 */
export const benchEarnings: Bench = async ({ long, say }) => {
  const hours = long ? HOURS.long : HOURS.short;
  await using world = await openConsoleWorld({ nodes: NODES, sharedBuffers: SHARED_BUFFERS });
  const { sql } = world;
  await sql`update nodes n set owner = case when i % 10 < 3 then 'farm' || i / 10 % ${FARMS} else 'o' || i % ${OWNERS} end || '@stoa.example'
    from (select node_id, row_number() over (order by node_id) as i from nodes) s where s.node_id = n.node_id`;
  const until = Math.floor(Date.now() / HOUR_MS) - 2;
  await seedLedger(sql, { until, hours, nodes: NODES });
  say(`${hours * NODES} events are there`);
  const farms = await looks(world, 'farm', LOOKS / FARM_SHARE);
  const others = await looks(world, 'o', LOOKS - LOOKS / FARM_SHARE);
  const all = [...farms.ms, ...others.ms].toSorted((a, b) => a - b);
  say(`a page: p95 ${round(quantile(all, 0.95))} ms`);
  const richList = await refreshRichList(sql);
  say(`rich list refreshed in ${richList.refreshMs} ms`);
  const value = round(quantile(all, 0.95));
  const { refreshMs, headP95Ms } = richList;
  return result({
    bench: 'stoicism-earnings',
    value,
    unit: 'ms for the earnings page, p95',
    target: TARGETS.pageMs,
    better: 'lower',
    peer: null,
    pass: value <= TARGETS.pageMs && refreshMs <= TARGETS.refreshMs && headP95Ms <= TARGETS.headMs,
    detail: {
      events: hours * NODES,
      p50Ms: round(quantile(all, 0.5)),
      farms: {
        looks: farms.ms.length,
        p50Ms: round(quantile(farms.ms, 0.5)),
        p95Ms: round(quantile(farms.ms, 0.95)),
      },
      hubCpuMsAPage: round((farms.cpuMs + others.cpuMs) / all.length),
      richList: { accounts: ACCOUNTS, ...richList, targets: TARGETS },
    },
  });
};

/** The first look of each of so many owners, one after the other, sorted. */
async function looks(
  { url, sql, signIn }: ConsoleWorld,
  kind: string,
  count: number,
): Promise<{ ms: number[]; cpuMs: number }> {
  const owners = await sql<{ owner: string }[]>`
    select owner from nodes where owner ~ ${`^${kind}[0-9]`} group by owner order by md5(owner) limit ${count}`;
  const ms: number[] = [];
  let cpuMs = 0;
  for (const { owner } of owners) {
    const cookie = await signIn(owner);
    cpuMs += await cpuOf(async () => {
      const began = performance.now();
      await page(`${url}/o/${owner}/earnings`, cookie);
      ms.push(performance.now() - began);
    });
  }
  return { ms: ms.sort((a, b) => a - b), cpuMs };
}

function page(url: string, cookie: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { cookie, accept: 'text/html' } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`));
      response.resume().once('end', resolve);
    }).on('error', reject);
  });
}

async function refreshRichList(
  sql: Sql,
): Promise<{ refreshMs: number; headP95Ms: number; headP50Ms: number }> {
  await sql`insert into payout_accounts (account_id, account)
    select md5('rich ' || i), 'k:' || encode(sha256(('rich ' || i)::bytea), 'hex') from generate_series(1, ${ACCOUNTS}::int) i
    on conflict do nothing`;
  await sql`insert into ledger_accounts (account_id, current, minting, redeemed)
    select md5('rich ' || i), (random() * 1e18)::numeric(38, 0), 0, (random() * 1e17)::numeric(38, 0) from generate_series(1, ${ACCOUNTS}::int) i`;
  await sql`analyze`;
  let now = Date.now();
  const task = createRichListRefresh({ sql, clock: { now: () => now } });
  await task.tick();
  now += HOUR_MS;
  const began = performance.now();
  await task.tick();
  const refreshMs = Math.round(performance.now() - began);
  const heads: number[] = [];
  for (let i = 0; i < 200; i += 1) {
    const from = performance.now();
    await sql`select side, as_of, mode, accounts, total::text as total, took_ms, top from rich_list_head`;
    heads.push(performance.now() - from);
  }
  heads.sort((a, b) => a - b);
  return { refreshMs, headP95Ms: round(quantile(heads, 0.95)), headP50Ms: round(quantile(heads, 0.5)) };
}
