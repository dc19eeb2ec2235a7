import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openConsoleWorld } from '../../test/kit/console-world.ts';
import { type Bench, result, round } from './result.ts';
import type { Load, Report } from './streams-load.ts';

const NODES = 100_000;
const PAGES = 1_000;
const PAGES_AN_ACCOUNT = 100;
const ROWS_A_PAGE = 50;
const UPDATES_PER_SECOND = 1_000;
/** Each beats every 30 s, as nodes do: one that beat less often would turn late and back between two updates. */
const BEATING = UPDATES_PER_SECOND * 30;
/** Until what was opened at once has been told its first state. */
const SETTLE_MS = 15_000;
const TARGET_PERCENT = 10;

/**
 * 1,000 open node lists of ten signed-in accounts, 50 rows each, no two alike, while 1,000 nodes a second change: what the
 * hub's process takes of a core. 30,000 of 100,000 nodes beat every 30 s, the others left a day ago, so that each change is
 * an update and none the passing of time. Half of the changes concern an open page. Writing the states is the
 * gateway's (see `flush`), and not in it. 30 seconds; five minutes under --long.
 */
export const benchStreams: Bench = async ({ long, say }) => {
  const measureMs = long ? 300_000 : 30_000;
  await using world = await openConsoleWorld({ nodes: NODES, sharedBuffers: '512MB' });
  const accounts = Array.from({ length: PAGES / PAGES_AN_ACCOUNT }, (_, i) => `reader${i}@stoa.example`);
  const cookies: string[] = [];
  for (const account of accounts) cookies.push(await world.signIn(account));
  const rows = await world.sql<{ node_id: string }[]>`select node_id from nodes order by label`;
  const nodeIds = rows.map((row) => row.node_id);
  const beating = nodeIds.filter((_, i) => (i * BEATING) % NODES < BEATING);
  await world.sql`update node_status set last_seen = now() - interval '1 day', at_tip_at = now() - interval '1 day'
    where node_id <> all(${beating}::text[])`;
  const streams = Array.from({ length: PAGES }, (_, page) => {
    const ids = nodeIds.slice(page * ROWS_A_PAGE * 2, page * ROWS_A_PAGE * 2 + ROWS_A_PAGE);
    const path = `/o/${accounts[page % accounts.length]!}/events?row=${ids.join(',')}&states=`;
    return { cookie: cookies[page % cookies.length]!, path };
  });
  const child = fork(fileURLToPath(new URL('./streams-load.ts', import.meta.url)));
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the load ended with ${code}`);
  });
  // Looked at where an answer is awaited.
  failed.catch(() => undefined);
  const reported = <K extends Report['kind']>(kind: K) => {
    const { promise, resolve } = Promise.withResolvers<Extract<Report, { kind: K }>>();
    const listen = (report: Report) => {
      if (report.kind !== kind) return;
      child.off('message', listen);
      resolve(report as Extract<Report, { kind: K }>);
    };
    child.on('message', listen);
    return Promise.race([promise, failed]);
  };
  child.on('message', (report: Report) => {
    if (report.kind === 'changed') world.bus.publish('nodes', { ids: report.ids });
  });
  try {
    say(`${NODES} nodes seeded; opening ${PAGES} pages`);
    const open = reported('open');
    child.send({
      ...{ origin: world.url, database: world.databaseUrl, streams, nodeIds: beating },
      updatesPerSecond: UPDATES_PER_SECOND,
    } satisfies Load);
    await open;
    await sleep(SETTLE_MS);
    if (world.web.streams !== PAGES) throw new Error(`${world.web.streams} of ${PAGES} pages are open`);
    const heard = () => {
      const answer = reported('heard');
      child.send('heard');
      return answer;
    };
    say('measuring');
    const before = await heard();
    const [cpu, began] = [process.cpuUsage(), performance.now()];
    await sleep(measureMs);
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (performance.now() - began) / 1_000;
    const after = await heard();
    const percent = (user + system) / 1e4 / seconds;
    return result({
      bench: 'streams',
      value: round(percent),
      unit: `% of a core for ${PAGES} open pages`,
      target: TARGET_PERCENT,
      better: 'lower',
      peer: null,
      detail: {
        ...{ nodes: NODES, pages: PAGES, rowsAPage: ROWS_A_PAGE, seconds: round(seconds) },
        updatesPerSecond: round((after.updates - before.updates) / seconds),
        messagesPerSecond: round((after.messages - before.messages) / seconds),
        kibPerSecond: round((after.bytes - before.bytes) / 1024 / seconds),
      },
    });
  } finally {
    child.kill();
  }
};
