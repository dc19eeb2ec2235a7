/**
 * `pnpm smoke [--json]`: the whole on free ports in a temporary directory, read as a browser would. With DATABASE_URL on
 * that database, which may have been used before.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createLog } from '@stoa/hub';
import { PageReader } from '../test/kit/page-reader.ts';
import { temporaryDirectory } from '../test/kit/temporary-directory.ts';
import { until } from '../test/kit/until.ts';
import { type Launched, launch } from './launch.ts';

interface SmokeReport {
  readonly ok: boolean;
  readonly nodes_online: number;
  /** Chains of the local node whose tips the hub has verified. */
  readonly tip_chains: number;
  readonly verified_headers: number;
  /** From the hub being up to the first heartbeat of the local agent. */
  readonly first_heartbeat_ms: number;
  readonly pages: readonly string[];
  readonly agent_rss_mb: number;
  readonly hub_rss_mb: number;
}

const HELP = `Usage: pnpm smoke [--json]

Starts hub, signer, chain, database and the local agent on free ports in a temporary directory, waits for the agent,
reads the console's pages as a browser would, and stops. DATABASE_URL=postgres://… takes that database instead.
Exit codes: 0 all is well, 1 something is not, 2 wrong use`;

const SOON = { withinMs: 60_000 };
const LEAST_HEADERS = 10;
const AGENT_RSS_MB = 110;
const MIB = 2 ** 20;

async function main(json: boolean): Promise<SmokeReport> {
  const { env } = process;
  const say = (text: string) => void (json || console.log(text));
  await using directory = await temporaryDirectory();
  await using launched = await launch({
    dataDir: directory.path,
    host: '127.0.0.1',
    port: 0,
    databaseUrl: env['DATABASE_URL'],
    chain: undefined,
    neighbours: 0,
    env,
    random: (count) => new Uint8Array(randomBytes(count)),
    log: createLog({ level: env['LOG_LEVEL'] ?? 'warn' }),
  });
  const upAt = performance.now();
  say(`The hub is up at ${launched.hub.url.origin}`);
  const report = await Promise.race([examine(launched, upAt, say), launched.broken]);
  say('Stopping …');
  return report;
}

async function examine(
  { hub, agent, loginLink }: Launched,
  upAt: number,
  say: (text: string) => void,
): Promise<SmokeReport> {
  const node = () => hub.agents.gateway.sessions.get(agent.nodeId)?.node;
  await until('the first heartbeat', () => node()?.gauges !== undefined, SOON);
  const firstHeartbeatMs = Math.round(performance.now() - upAt);
  say(`First heartbeat after ${firstHeartbeatMs} ms`);
  const tipChains = () =>
    hub.tips.lag(node()?.reportedTips() ?? []).filter(({ lag }) => lag !== null && lag <= 3).length;
  await until('ten verified tips', () => tipChains() === 10, SOON);
  const reader = new PageReader(hub.url.origin);
  const link = loginLink ?? (await hub.web.accounts.createLoginLink('admin@stoa.local'));
  const pages = [await reader.signIn(link)];
  for (const path of [
    '/nodes',
    ...['', '/chains', '/config', '/session'].map((tab) => `/nodes/${agent.nodeId}${tab}`),
  ])
    pages.push(await reader.page(path));
  await until(
    'the page to say that the node is online',
    async () => (await reader.page(`/nodes/${agent.nodeId}`)).html.includes('Why online?'),
    SOON,
  );
  await reader.firstEvent(pages.at(-1)!);
  for (const { path, assets } of pages) say(`${path}: 200, with ${assets.length} assets`);
  const nodesOnline = await onlineNodes(reader);
  const { verified } = hub.tips.stats;
  const agentRss = await residentMb(agent.process.pid);
  return {
    ok: nodesOnline >= 1 && verified >= LEAST_HEADERS && agentRss < AGENT_RSS_MB,
    nodes_online: nodesOnline,
    tip_chains: tipChains(),
    verified_headers: verified,
    first_heartbeat_ms: firstHeartbeatMs,
    pages: pages.map(({ path }) => path),
    agent_rss_mb: agentRss,
    hub_rss_mb: Math.round(process.memoryUsage.rss() / MIB),
  };
}

/** As the list of nodes shows it. */
async function onlineNodes(reader: PageReader): Promise<number> {
  const { html } = await reader.page('/nodes?state=online');
  return new Set([...html.matchAll(/href="nodes\/([0-9a-f]{64})"/g)].map(([, id]) => id)).size;
}

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
}

function options(): { json: boolean; help: boolean } {
  const { values } = parseArgs({
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  return values;
}

try {
  const { json, help } = options();
  if (help) console.log(HELP);
  else {
    const report = await main(json);
    console.log(JSON.stringify(report));
    process.exitCode = report.ok ? 0 : 1;
  }
} catch (error) {
  const usage = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
  console.error(`${(error as Error).message}${usage ? `\n\n${HELP}` : ''}`);
  process.exitCode = usage ? 2 : 1;
}
