import { createLog, systemClock } from '@stoa/hub';
import { NodeAccess } from '@stoa/hub/accounts';
import { ListedStates, Liveness, NodeListing, parseSelector } from '@stoa/hub/nodes';
import { openUrl } from '@stoa/hub/seams/db-adapter/index';
import postgres, { type Sql } from 'postgres';
import { seedFleet, standingHeads } from '../../test/kit/fleet-rows.ts';
import { type PostgresServer, startPostgres } from '../../test/kit/postgres.ts';
import type { Bench } from './result.ts';
import { quantile, result, round } from './result.ts';

const NODES = { usual: 200_000, long: 1_000_000 };
const TARGET_MS = 100;
const REPEATS = 12;
/** A quarter of what a database machine of this size has. */
const SETTINGS = { shared_buffers: '4GB', work_mem: '32MB', max_wal_size: '8GB' };

/** What people ask for, from what most nodes are to what hardly any is. */
const SELECTORS = [
  'state:online',
  'state:offline',
  'state:behind,forked',
  'state:disputed',
  'state:offline OR lag:>5',
  'lag:>5',
  'lag:>200',
  '-state:online',
  'chain:3.behind',
  'seen:>2h',
  'seen:never',
  'tag:lab',
  'tag:rack-77',
  'tag:rack-7*',
  '-tag:lab region:eu',
  'region:nowhere',
  'owner:owner7@stoa.example',
  'version:<1.4',
  'version:1.4.1 region:na',
  'version:>2',
  'label:node-0777*',
  'node-077777',
  'owner7',
  'id:ab12',
  'state:offline -tag:lab region:eu version:<1.4 lag:>5 owner:owner7@stoa.example seen:>2h chain:3.behind',
  '(state:offline OR state:late) region:apac -version:1.3',
  'simulated:yes state:quarantined',
];

/**
 * First pages of selectors, and pages from the middle, over nodes in a real database: the queries of the node list by
 * its own code. 200,000 nodes; 1,000,000 under --long.
 */
export const benchSelector: Bench = async ({ long, say }) => {
  const count = long ? NODES.long : NODES.usual;
  await using server = await startPostgres();
  await tune(server);
  const log = createLog({ level: 'warn' });
  await using database = await openUrl({ url: server.url, log });
  await database.migrate();
  const now = systemClock.now();
  const { sql } = database;
  await seedFleet(sql, { nodes: count, now });
  await sql`vacuum analyze`;
  say(`${count} nodes seeded`);
  const access = new NodeAccess({ sql });
  const liveness = new Liveness({ clock: { now: () => now } });
  const listing = new NodeListing({ sql, access, clock: systemClock, heads: standingHeads(now) });
  const admin = {
    accountId: '',
    email: 'admin@stoa.example',
    tier: 'ancient',
    confirmedAt: 0,
    keyScopes: undefined,
  } as const;
  const at = liveness.at();
  const all: number[] = [];
  const counts: number[] = [];
  const detail: Record<string, unknown> = {};
  for (const text of SELECTORS) {
    const selector = parseSelector(text);
    const read = async (label: string | undefined) => {
      const position = label === undefined ? undefined : { after: { label, nodeId: '' } };
      return listing.page(admin, selector, position, at);
    };
    const places = [undefined, `node-${String(count / 2).padStart(6, '0')}`];
    await read(undefined);
    const taken: number[] = [];
    for (let i = 0; i < REPEATS; i += 1) taken.push(await timed(() => read(places[i % 2])));
    const counted: number[] = [];
    for (let i = 0; i < 3; i += 1) counted.push(await timed(() => listing.count(admin, selector, at)));
    all.push(...taken);
    counts.push(...counted);
    const sorted = taken.toSorted((a, b) => a - b);
    const matching = await listing.count(admin, selector, at);
    const figures = {
      worstMs: round(sorted.at(-1)!),
      p50Ms: round(quantile(sorted, 0.5)),
      countMs: round(Math.max(...counted)),
      matching: matching ?? 'more than 1,000',
    };
    say(`${text}: ${JSON.stringify(figures)}`);
    detail[text] = figures;
  }
  const tick = await timed(() => new ListedStates({ sql, clock: systemClock, liveness }).tick());
  const p95 = quantile(
    all.toSorted((a, b) => a - b),
    0.95,
  );
  return result({
    bench: 'selector',
    value: round(p95),
    unit: 'ms a page of a selector, p95',
    target: TARGET_MS,
    better: 'lower',
    peer: null,
    detail: {
      nodes: count,
      p50Ms: round(
        quantile(
          all.toSorted((a, b) => a - b),
          0.5,
        ),
      ),
      countP95Ms: round(
        quantile(
          counts.toSorted((a, b) => a - b),
          0.95,
        ),
      ),
      judgingMs: round(tick),
      selectors: detail,
    },
  });
};

async function timed(task: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await task();
  return performance.now() - before;
}

async function tune(server: PostgresServer): Promise<void> {
  const sql: Sql = postgres(server.url, { max: 1 });
  try {
    for (const [name, value] of Object.entries(SETTINGS))
      await sql.unsafe(`alter system set ${name} = '${value}'`);
  } finally {
    await sql.end();
  }
  await server.stop();
  await server.start();
}
