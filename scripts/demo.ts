/** `pnpm demo`: a hub with a lively simulated fleet, in a temporary directory; until Ctrl-C. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MemoryDisk } from '@stoa/agent';
import { systemClock as clock, type DbAdapter, type Hub, VERSION } from '@stoa/hub';
import { createNetwork, type SimulatedNetwork } from '../test/chainweb/index.ts';
import { openTestHub } from '../test/kit/hub.ts';
import { createRegion, type TestRegion } from '../test/kit/region.ts';
import { random } from '../test/kit/wire-agent.ts';
import { seedBackdrop } from '../test/world/backdrop.ts';
import type { WorldNode } from '../test/world/world-node.ts';
import { startWorld, type World } from '../test/world.ts';

const HELP = `Usage: pnpm demo [--nodes N] [--live M] [--port P] [--seed S]

  --nodes N  how large the fleet is (default 1000)
  --live M   how many of them are real agent cores in this process (default: all up to 10000, 2000 of a larger fleet);
             the others are rows in the database, kept fresh by a statement, to see the console at that size
  --port P   port of the console (default: any free one)
  --seed S   number from which labels, figures and the script of faults follow (default 1)

The nodes follow a simulated chain. About one in twelve is in trouble at any time: behind, on a fork, offline, flapping,
its chainweb down, its probe stuck, its clock wrong, its disk full, its directory copied.
1000 nodes take about a quarter of a core and 0.6 GB; 10000 two cores and some GB of memory.
While it runs, pnpm hub … is its command line: pnpm hub nodes ls -q state:offline
Everything is thrown away at the end. Exit codes: 0 stopped, 1 failed, 2 wrong use`;

/** Where `pnpm hub` finds the demo that runs: `hub.sh`. */
const DEMO_DATA = 'node_modules/.cache/demo-data';
const MOST_LIVE = 10_000;
const LIVE_OF_MANY = 2_000;
/** Above that, agents ask their chain for its tips more seldom. */
const COMFORTABLE = 2_000;

class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface DemoOptions {
  readonly nodes: number;
  readonly live: number;
  readonly port: number;
  readonly seed: number;
}

function readOptions(): DemoOptions | 'help' {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { nodes: text, live: text, port: text, seed: text, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return 'help';
  const nodes = wholeNumber('nodes', values.nodes ?? '1000', 1, 1_000_000);
  const live = values.live ?? String(nodes > MOST_LIVE ? LIVE_OF_MANY : nodes);
  return {
    nodes,
    live: wholeNumber('live', live, 0, nodes),
    port: wholeNumber('port', values.port ?? '0', 0, 65_535),
    seed: wholeNumber('seed', values.seed ?? '1', 0, 2 ** 32 - 1),
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new UsageError(`--${name} ${text}: a whole number from ${least} to ${most} expected`);
  return value;
}

/**
 * At its end nothing is written down and nobody says goodbye, since all of it is thrown away: the database stops, and
 * the process with it.
 */
async function demo(options: DemoOptions, signal: AbortSignal): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'stoa-demo-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  await mkdir(dirname(DEMO_DATA), { recursive: true });
  await writeFile(DEMO_DATA, `${dataDir}\n`);
  console.log('Starting the hub …');
  const network = createNetwork({ seed: options.seed, clock });
  const region = await createRegion({ clock, random, disk: new MemoryDisk() });
  const { hub, database } = await openTestHub({
    dataDir,
    version: VERSION,
    network,
    region,
    env: {
      PORT: String(options.port),
      CHAINWEB_URL: network.addNode({ name: 'reference' }).serviceUrl,
    },
    logLevel: 'warn',
    onLog: (line) => signal.aborted || process.stderr.write(line),
  });
  stack.defer(() => database.close());
  void hub.tickers.run('reference-poller');
  console.log(`
  Console   ${hub.url.origin}
  Sign in   ${await hub.web.accounts.createLoginLink('admin@stoa.local')}
            (works once, within 24 hours)

  Ctrl-C stops everything.
`);
  await populate({ hub, database, network, region }, options, signal);
  await aborted(signal);
  console.log('Stopping …');
}

interface Stage {
  readonly hub: Hub;
  readonly database: DbAdapter;
  readonly network: SimulatedNetwork;
  readonly region: TestRegion;
}

async function populate(
  { hub, database, network, region }: Stage,
  { nodes, live, seed }: DemoOptions,
  signal: AbortSignal,
): Promise<void> {
  const world = await startWorld({
    ...{ hub, database, network, random, seed, signal },
    signer: region.signer,
    nodes: live,
    mischief: true,
    past: true,
    ...(live > COMFORTABLE ? { pollCutMs: 30_000 } : {}),
  });
  await seedBackdrop({
    ...{ database, clock, network, signal },
    nodes: nodes - live,
    region: region.name,
    onSeeded: (count) => progress(`seeded ${count} of ${nodes - live} rows`),
  });
  await untilJoined(world, signal);
}

/** Tells how many have joined until all have that can. */
async function untilJoined(world: World, signal: AbortSignal): Promise<void> {
  const all = world.nodes.length;
  const began = performance.now();
  const joined = new Set<WorldNode>();
  const isDue = (node: WorldNode) => !joined.has(node) && world.mischief?.active.has(node) !== true;
  while (!signal.aborted && world.nodes.some(isDue)) {
    for (const node of world.nodes) if (node.online) joined.add(node);
    progress(`joined ${joined.size} of ${all} nodes`);
    await Promise.race([sleep(500), aborted(signal)]);
  }
  const seconds = Math.round((performance.now() - began) / 1_000);
  if (!signal.aborted)
    progress(
      `${joined.size} of ${all} nodes joined in ${seconds} s; ${all - joined.size} are cut off, as planned\n`,
    );
}

/** One line that is written over, where there is a terminal. */
function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K  ${text}`);
  else console.log(`  ${text.trim()}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
try {
  const options = readOptions();
  if (options === 'help') console.log(HELP);
  else await demo(options, stop.signal);
} catch (error) {
  if (!stop.signal.aborted) {
    const wrong =
      error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    console.error(`${(error as Error).message}${wrong ? `\n\n${HELP}` : ''}`);
    process.exitCode = wrong ? 2 : 1;
  }
}
// Agents and hub still run; what they were is gone.
process.exit();
